import type {SeccompArgument, SeccompFilter} from '@rkt/core/contract';
import {seccompRefused} from './errors.ts';
import type {Setting} from './unit.ts';

type Rule = SeccompFilter['rules'][number];
type Arguments = readonly SeccompArgument[];

/** systemd's names of namespaces, by the flag of clone (linux/sched.h). */
const NAMESPACES = [
  [0x0002_0000, 'mnt'],
  [0x0200_0000, 'cgroup'],
  [0x0400_0000, 'uts'],
  [0x0800_0000, 'ipc'],
  [0x1000_0000, 'user'],
  [0x2000_0000, 'pid'],
  [0x4000_0000, 'net'],
] as const;

/** Address families that somebody may want to keep from an app (linux/socket.h). */
const FAMILIES: Readonly<Record<number, string>> = {
  1: 'AF_UNIX',
  2: 'AF_INET',
  10: 'AF_INET6',
  16: 'AF_NETLINK',
  17: 'AF_PACKET',
  31: 'AF_BLUETOOTH',
  38: 'AF_ALG',
  40: 'AF_VSOCK',
  44: 'AF_XDP',
};

const PER_LINUX = 0;
const QUESTION = 0xffff_ffff;

/**
 * What stands for "allow this call, with these arguments": a directive of systemd that refuses at least what the rules refuse.
 *
 * - `clone` without certain flags: RestrictNamespaces, which refuses unshare, setns and clone with them (EPERM) and clone3 (ENOSYS).
 * - `socket` of all but some families: RestrictAddressFamilies (EAFNOSUPPORT).
 * - `personality` with some harmless values: LockPersonality, which leaves the current one and the question what it is (EPERM).
 *
 * The error is the directive's, also where the filter would kill. Anything else is refused.
 */
export const conditionSetting = (
  app: string,
  name: string,
  otherwise: SeccompFilter['default'],
  rules: readonly Rule[],
): Setting => {
  const refuse = (why: string) => seccompRefused(app, [name], why);
  if (otherwise.action === 'allow' || rules.some(({outcome}) => outcome.action !== 'allow')) {
    throw refuse('it denies a call with some arguments only');
  }
  const alternatives = rules.map(({args = []}) => args);
  const setting = translate(name, alternatives);
  if (setting === undefined) throw refuse('no directive has this condition on its arguments');
  return setting;
};

const translate = (name: string, alternatives: readonly Arguments[]): Setting | undefined => {
  switch (name) {
    case 'clone':
      return restrictNamespaces(alternatives);
    case 'socket':
      return restrictFamilies(alternatives);
    case 'personality':
      return lockPersonality(alternatives);
    default:
      return undefined;
  }
};

const restrictNamespaces = ([args, ...others]: readonly Arguments[]): Setting | undefined => {
  const [flags, ...more] = args ?? [];
  if (flags?.op !== 'masked-eq' || flags.index !== 0 || flags.value !== 0) return undefined;
  if (others.length > 0 || more.length > 0) return undefined;
  const denied = NAMESPACES.filter(([flag]) => ((flags.mask ?? 0) & flag) !== 0);
  const covered = denied.reduce((sum, [flag]) => sum + flag, 0);
  if (covered !== flags.mask) return undefined;
  return [
    'RestrictNamespaces',
    denied.length === NAMESPACES.length ? 'yes' : `~${denied.map(([, kind]) => kind).join(' ')}`,
  ];
};

const restrictFamilies = ([args, ...others]: readonly Arguments[]): Setting | undefined => {
  if (args === undefined || others.length > 0) return undefined;
  const families = args.map(({op, index, value}) => (op === 'ne' && index === 0 ? FAMILIES[value] : undefined));
  return families.includes(undefined) ? undefined : ['RestrictAddressFamilies', `~${families.join(' ')}`];
};

const lockPersonality = (alternatives: readonly Arguments[]): Setting | undefined => {
  const values = alternatives.map(([argument, ...more]) =>
    argument?.op === 'eq' && argument.index === 0 && more.length === 0 ? argument.value : undefined,
  );
  const locked = !values.includes(undefined) && values.includes(PER_LINUX) && values.includes(QUESTION);
  return locked ? ['LockPersonality', 'yes'] : undefined;
};
