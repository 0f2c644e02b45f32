import type {Capability} from '../../contract/process.ts';
import {ALWAYS, WITH_CAPABILITY} from './seccomp-sets/allowed.ts';
import {BLOCKED} from './seccomp-sets/blocked.ts';
import {OTHERS} from './seccomp-sets/others.ts';
import {SYSTEMD_GROUPS} from './seccomp-sets/systemd.ts';
import {words} from './words.ts';

/** What an app with these capabilities may call when it asks for nothing else. */
export const defaultSyscalls = (capabilities: readonly Capability[]): string[] => [
  ...words(ALWAYS),
  ...capabilities.flatMap((capability) => words(WITH_CAPABILITY[capability] ?? '')),
];

/** What an app needs to start, to end and to return from a signal; a retain-set never blocks it (appc EX-44). */
export const LIFE_CYCLE: readonly string[] = [
  'execve',
  'exit',
  'exit_group',
  'restart_syscall',
  'rt_sigreturn',
  'sigreturn',
];

/** The system calls that a special value stands for; `undefined` for one that rkt does not know. */
export const expandSpecial = (name: string, capabilities: readonly Capability[]): string[] | undefined => {
  switch (name) {
    case '@docker/default-whitelist':
    case '@rkt/default-whitelist':
      return defaultSyscalls(capabilities);
    case '@docker/default-blacklist':
    case '@rkt/default-blacklist':
      return words(BLOCKED);
    case '@systemd/default-whitelist':
      return group('default');
    default:
      return name.startsWith('@systemd/') ? group(name.slice('@systemd/'.length)) : undefined;
  }
};

let known: ReadonlySet<string> | undefined;

/** Whether some architecture of Linux has a system call of this name. */
export const isSyscall = (name: string): boolean => {
  const tables = [ALWAYS, ...Object.values(WITH_CAPABILITY), BLOCKED, OTHERS, ...Object.values(SYSTEMD_GROUPS)];
  known ??= new Set(tables.flatMap(words).filter((word) => !word.startsWith('@')));
  return known.has(name);
};

const group = (name: string): string[] | undefined =>
  Object.hasOwn(SYSTEMD_GROUPS, name)
    ? words(SYSTEMD_GROUPS[name] ?? '').flatMap((word) =>
        word.startsWith('@') ? (group(word.slice(1)) ?? []) : [word],
      )
    : undefined;
