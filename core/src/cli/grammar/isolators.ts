import {findDefinition} from '../../appc/isolators/definitions.ts';
import {parseQuantity} from '../../appc/quantity.ts';
import {CAPABILITIES, RLIMITS} from '../../contract/kernel-names.ts';
import {RktError} from '../../rkt-error.ts';
import {flagConflict} from '../errors.ts';
import {checked, type Typed, wrong} from './checked.ts';
import {parseNameValues} from './name-value.ts';
import {parseNumber} from './number.ts';

interface Isolator {
  readonly name: string;
  readonly value: unknown;
}

/** Less than a page is a slip such as `16m`, which is a sixtieth of a byte. */
const LEAST_MEMORY = 4096;

type Parser = (typed: Typed) => Isolator;

const limit =
  (name: string): Parser =>
  ({value}) => ({name, value: {request: value, limit: value}});

const number =
  (name: string): Parser =>
  (typed) => ({name, value: parseNumber(typed.value, typed)});

/** As other engines have them, too: `net_admin`. What is none is refused with the rest. */
const capabilities =
  (name: string): Parser =>
  ({value}) => ({name, value: {set: value.split(',').map(capabilityOf)}});

const capabilityOf = (typed: string): string => {
  const full = `CAP_${typed.toUpperCase().replace(/^CAP_/, '')}`;
  return (CAPABILITIES as readonly string[]).includes(full) ? full : typed;
};

const text =
  (name: string): Parser =>
  ({value}) => ({name, value});

const rate =
  (name: string): Parser =>
  ({value}) => ({name, value: {default: true, limit: value}});

const selinuxContext: Parser = (typed) => {
  const [user, role, type, ...level] = typed.value.split(':');
  if (level.length === 0) throw wrong(typed, 'not USER:ROLE:TYPE:LEVEL');
  return {name: 'os/linux/selinux-context', value: {user, role, type, level: level.join(':')}};
};

const hugepages: Parser = (typed) => {
  const limits = new Map<string, string>();
  for (const part of typed.value.split(',')) {
    const [size = '', limit, ...more] = part.split('=');
    if (limit === undefined || more.length > 0) throw wrong(typed, `"${part}" is not SIZE=BYTES`);
    if (limits.has(size)) throw wrong(typed, `"${size}" is there twice`);
    limits.set(size, limit);
  }
  return {name: 'resource/hugepages', value: Object.fromEntries(limits)};
};

const memory: Parser = (typed) => {
  if (quantity(typed) < LEAST_MEMORY) throw wrong(typed, `less than ${LEAST_MEMORY} bytes ("m" is a thousandth)`);
  return limit('resource/memory')(typed);
};

/** Bytes, from `8Mi`. @throws RKT_FLAG_VALUE_INVALID */
export const quantity = (typed: Typed): number => {
  try {
    return parseQuantity(typed.value, 'whole');
  } catch (error) {
    if (!(error instanceof RktError)) throw error;
    throw wrong(typed, String(error.fields.reason));
  }
};

const seccomp: Parser = (typed) => {
  const options = new Map<string, string>();
  const calls: string[] = [];
  for (const part of typed.value.split(',')) {
    const [key = '', value, ...more] = part.split('=');
    if (value === undefined) calls.push(part);
    else if (!['mode', 'errno'].includes(key) || more.length > 0)
      throw wrong(typed, `"${part}" is not mode=… or errno=…`);
    else if (options.has(key)) throw wrong(typed, `"${key}" is there twice`);
    else options.set(key, value);
  }
  const mode = options.get('mode');
  const errno = options.get('errno');
  if (mode !== 'retain' && mode !== 'remove') throw wrong(typed, 'mode must be retain or remove');
  return {name: `os/linux/seccomp-${mode}-set`, value: {set: calls, ...(errno === undefined ? {} : {errno})}};
};

const FLAGS: Readonly<Record<string, {readonly parse: Parser; readonly example: string}>> = {
  memory: {parse: memory, example: '64Mi'},
  cpu: {parse: limit('resource/cpu'), example: '500m'},
  'cpu-shares': {parse: number('os/linux/cpu-shares'), example: '1024'},
  'cpuset-cpus': {parse: text('os/linux/cpuset-cpus'), example: '0-2,5'},
  'cpuset-mems': {parse: text('os/linux/cpuset-mems'), example: '0'},
  hugepages: {parse: hugepages, example: '2Mi=64Mi'},
  'caps-retain': {parse: capabilities('os/linux/capabilities-retain-set'), example: 'CAP_NET_ADMIN,CAP_KILL'},
  'caps-remove': {parse: capabilities('os/linux/capabilities-remove-set'), example: 'CAP_MKNOD,CAP_NET_RAW'},
  'cap-retain': {parse: capabilities('os/linux/capabilities-retain-set'), example: 'CAP_NET_ADMIN,CAP_KILL'},
  'cap-remove': {parse: capabilities('os/linux/capabilities-remove-set'), example: 'CAP_MKNOD,CAP_NET_RAW'},
  seccomp: {parse: seccomp, example: 'mode=remove,errno=EPERM,reboot,kexec_load'},
  'oom-score-adj': {parse: number('os/linux/oom-score-adj'), example: '500'},
  'apparmor-profile': {
    parse: ({value: profile}) => ({name: 'os/linux/apparmor-profile', value: {profile}}),
    example: 'web',
  },
  'selinux-context': {parse: selinuxContext, example: 'system_u:system_r:container_t:s0:c1,c2'},
  'no-new-privileges': {
    parse: ({value}) => ({name: 'os/linux/no-new-privileges', value: value === 'true'}),
    example: 'true',
  },
  'block-bandwidth': {parse: rate('resource/block-bandwidth'), example: '10Mi'},
  'block-iops': {parse: rate('resource/block-iops'), example: '500'},
  pids: {parse: ({value}) => ({name: 'resource/pids', value: {limit: value}}), example: '256'},
};

/** The flags that stand for an isolator each. */
export const ISOLATOR_FLAGS = Object.keys(FLAGS);

/**
 * The isolator that a flag stands for, as a manifest would have it.
 * @throws RKT_FLAG_VALUE_INVALID
 */
export const parseIsolator = (flag: string, value: string): Isolator => {
  const {parse, example = ''} = FLAGS[flag] ?? {};
  const typed: Typed = {flag, value, example};
  if (parse === undefined) throw new TypeError(`--${flag} is no isolator`);
  return verified(parse(typed), typed);
};

/** The one isolator of a pod of all `--sysctl=NAME=VALUE`. @throws RKT_FLAG_VALUE_INVALID */
export const parseSysctls = (values: readonly string[]): Isolator[] => {
  const parameters = parseNameValues('sysctl', 'net.core.somaxconn=4096', values, (name, value, typed) => {
    verified({name: SYSCTL, value: {[name]: value}}, typed);
  });
  return values.length === 0 ? [] : [{name: SYSCTL, value: parameters}];
};

const SYSCTL = 'os/unix/sysctl';

/** The one isolator of all `--rlimit=NAME=SOFT[:HARD]`. @throws RKT_FLAG_VALUE_INVALID */
export const parseRlimits = (values: readonly string[]): Isolator[] => {
  const limits = new Map<string, {soft: string; hard: string}>();
  for (const value of values) {
    const typed: Typed = {flag: 'rlimit', value, example: 'nofile=1024:4096'};
    const match = /^([^=]*)=([^:]+)(?::(.+))?$/.exec(value);
    if (match === null) throw wrong(typed, 'not NAME=SOFT[:HARD]');
    const [, typedName = '', soft = '', hard = soft] = match;
    const name = typedName.toLowerCase().replace(/^rlimit_/, '');
    if (!(RLIMITS as readonly string[]).includes(name))
      throw wrong(typed, `"${name}" is not one of ${RLIMITS.join(', ')}`);
    if (limits.has(name)) throw wrong(typed, `"${name}" is there twice`);
    limits.set(name, {soft, hard});
    verified(rlimits(new Map([[name, {soft, hard}]])), typed);
  }
  return limits.size === 0 ? [] : [rlimits(limits)];
};

const rlimits = (limits: ReadonlyMap<string, object>): Isolator => ({
  name: 'os/unix/rlimits',
  value: Object.fromEntries(limits),
});

/** Refuses two flags that set, or exclude, the same isolator. @throws RKT_FLAG_CONFLICT */
export const refuseConflicts = (parsed: readonly {readonly flag: string; readonly isolator: Isolator}[]): void => {
  const taken = new Map<string, string>();
  for (const {flag, isolator} of parsed) {
    for (const name of [isolator.name, findDefinition(isolator.name)?.excludes]) {
      const other = name === undefined ? undefined : taken.get(name);
      if (other !== undefined) throw flagConflict(`--${other}`, `--${flag}`);
    }
    taken.set(isolator.name, flag);
  }
};

const verified = (isolator: Isolator, typed: Typed): Isolator => {
  const definition = findDefinition(isolator.name);
  if (definition !== undefined) checked(definition.value, isolator.value, typed);
  return isolator;
};
