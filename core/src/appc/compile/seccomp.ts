import {errnoOf} from '../../contract/errno.ts';
import type {IsolatorMap, Isolators} from '../../contract/isolators.ts';
import type {Capability, SeccompAction, SeccompFilter} from '../../contract/process.ts';
import {seccompErrnoUnknown, seccompSetUnknown, seccompSyscallUnknown} from '../errors.ts';
import {CONDITIONS} from './seccomp-sets/conditions.ts';
import {defaultSyscalls, expandSpecial, isSyscall, LIFE_CYCLE} from './syscalls.ts';

const REMOVE = 'os/linux/seccomp-remove-set';
const RETAIN = 'os/linux/seccomp-retain-set';
type SyscallSet = IsolatorMap[typeof REMOVE];

const ALLOW: SeccompAction = {action: 'allow'};
const EPERM: SeccompAction = {action: 'errno', errno: 1};
const ENOSYS: SeccompAction = {action: 'errno', errno: 38};

/**
 * The filter of an app, `null` for none (appc EX-35 to EX-45). Without isolator: rkt's default, which fails with EPERM what an app with these capabilities
 * has no business with. A remove-set is exactly what it lists; a retain-set is what it lists and the calls of the life cycle.
 */
export const compileSeccomp = (isolators: Isolators, capabilities: readonly Capability[]): SeccompFilter | null => {
  const remove = isolators[REMOVE];
  const retain = isolators[RETAIN];
  if (retain !== undefined) return retained(retain, capabilities);
  if (remove !== undefined) return removed(remove, capabilities);
  return allowOwn(defaultSyscalls(capabilities), EPERM, capabilities);
};

const retained = (set: SyscallSet, capabilities: readonly Capability[]): SeccompFilter | null => {
  const otherwise = blocked(set.errno);
  if (set.set.includes('@appc.io/all')) return null;
  const names = expand(set.set, RETAIN, capabilities);
  const all = [...names, ...LIFE_CYCLE];
  return set.set.some(isDefault) ? allowOwn(all, otherwise, capabilities, set.set) : allowOnly(all, otherwise);
};

const removed = (set: SyscallSet, capabilities: readonly Capability[]): SeccompFilter => {
  const outcome = blocked(set.errno);
  // asks for the filter of the implementation (EX-45)
  if (set.set.includes('@appc.io/empty')) return allowOwn(defaultSyscalls(capabilities), outcome, capabilities);
  return {default: ALLOW, rules: [{syscalls: sorted(expand(set.set, REMOVE, capabilities)), outcome}]};
};

const allowOnly = (names: readonly string[], otherwise: SeccompAction): SeccompFilter => ({
  default: otherwise,
  rules: [{syscalls: sorted(names), outcome: ALLOW}],
});

/**
 * The set is rkt's, not only the user's: some calls are allowed with harmless arguments only, unless `asked` for by name, and clone3, whose
 * arguments no filter can see, gets the answer that makes a C library fall back to clone.
 */
const allowOwn = (
  names: readonly string[],
  otherwise: SeccompAction,
  capabilities: readonly Capability[],
  asked: readonly string[] = [],
): SeccompFilter => {
  const conditions = Object.entries(CONDITIONS).filter(
    ([name, {unless}]) =>
      names.includes(name) && !asked.includes(name) && !(unless !== undefined && capabilities.includes(unless)),
  );
  const conditional = conditions.map(([name]) => name);
  const {rules, ...filter} = allowOnly(
    names.filter((name) => !conditional.includes(name)),
    otherwise,
  );
  const checked = conditions.flatMap(([name, {alternatives}]) =>
    alternatives.map((argument) => ({syscalls: [name], outcome: ALLOW, args: [argument]})),
  );
  const fallBack = names.includes('clone3') ? [] : [{syscalls: ['clone3'], outcome: ENOSYS}];
  return {...filter, rules: [...rules, ...checked, ...fallBack]};
};

const isDefault = (name: string): boolean => name === '@rkt/default-whitelist' || name === '@docker/default-whitelist';

const expand = (set: readonly string[], isolator: string, capabilities: readonly Capability[]): string[] =>
  set.flatMap((name) => {
    if (!name.startsWith('@')) {
      if (!isSyscall(name)) throw seccompSyscallUnknown(name, isolator);
      return [name];
    }
    const names = expandSpecial(name, capabilities);
    if (names === undefined) throw seccompSetUnknown(name, isolator);
    return names;
  });

/** No errno: the process is killed by SIGSYS (appc EX-39). */
const blocked = (errno: string | undefined): SeccompAction => {
  if (errno === undefined || errno === '') return {action: 'kill'};
  const number = errnoOf(errno);
  if (number === undefined) throw seccompErrnoUnknown(errno);
  return {action: 'errno', errno: number};
};

const sorted = (names: readonly string[]): string[] => [...new Set(names)].sort();
