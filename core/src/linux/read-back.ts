import {readFileSync, readlinkSync, statSync} from 'node:fs';
import type {RlimitName} from '../contract/kernel-names.ts';
import {type CapabilitySets, parseCapabilities} from './capabilities.ts';
import {type CgroupMembership, cgroupsOf} from './proc-cgroup.ts';
import {parseLimits, type Rlimit} from './rlimits.ts';
import {isErrno} from './syscall-error.ts';

/** Namespaces of a process, as /proc/PID/ns names them. */
const NAMESPACE_FILES = ['cgroup', 'ipc', 'mnt', 'net', 'pid', 'user', 'uts'] as const;
export type NamespaceFile = (typeof NAMESPACE_FILES)[number];

export interface ProcessStatus {
  /** Real, effective, saved, file system. */
  readonly uids: readonly number[];
  readonly gids: readonly number[];
  /** Supplementary. */
  readonly groups: readonly number[];
  readonly umask: number;
  readonly capabilities: CapabilitySets;
  readonly noNewPrivileges: boolean;
  readonly seccomp: 'disabled' | 'strict' | 'filter';
  /** `undefined` before Linux 5.9. */
  readonly seccompFilters: number | undefined;
}

/** The actual state of a running process. */
export interface ProcessState extends ProcessStatus {
  readonly limits: Partial<Record<RlimitName, Rlimit>>;
  readonly oomScoreAdj: number;
  /** Inode numbers: equal for processes that share the namespace. */
  readonly namespaces: Readonly<Record<NamespaceFile, number>>;
  readonly cgroups: readonly CgroupMembership[];
  /** As the reader sees it; a mark of the kernel's when it cannot be reached. */
  readonly cwd: string;
  readonly root: string;
  /** Label of a security module, `undefined` without one. */
  readonly label: string | undefined;
}

const SECCOMP = ['disabled', 'strict', 'filter'] as const;

/** Parses the text of /proc/PID/status. */
export const parseStatus = (text: string): ProcessStatus => {
  const field = (name: string): string | undefined => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1]?.trim();
  const numbers = (name: string): number[] => (field(name) ?? '').split(/\s+/).filter(Boolean).map(Number);
  const filters = field('Seccomp_filters');
  return {
    uids: numbers('Uid'),
    gids: numbers('Gid'),
    groups: numbers('Groups'),
    umask: Number.parseInt(field('Umask') ?? '0', 8),
    capabilities: parseCapabilities(text),
    noNewPrivileges: field('NoNewPrivs') === '1',
    seccomp: SECCOMP[Number(field('Seccomp') ?? 0)] ?? 'disabled',
    seccompFilters: filters === undefined ? undefined : Number(filters),
  };
};

/** oom_score_adj of a process. */
export const readOomScore = (pid: number | 'self'): number =>
  Number(readFileSync(`/proc/${pid}/oom_score_adj`, 'latin1'));

/** Limits of a process. Needs no privilege, unlike prlimit(2). */
export const readLimits = (pid: number | 'self'): ProcessState['limits'] =>
  parseLimits(readFileSync(`/proc/${pid}/limits`, 'latin1'));

/** Reads the actual state of a process; ENOENT or ESRCH when it has ended. */
export const readBack = (pid: number | 'self'): ProcessState => ({
  ...parseStatus(readFileSync(`/proc/${pid}/status`, 'latin1')),
  limits: readLimits(pid),
  oomScoreAdj: readOomScore(pid),
  namespaces: Object.fromEntries(
    NAMESPACE_FILES.map((file) => [file, statSync(`/proc/${pid}/ns/${file}`).ino]),
  ) as Record<NamespaceFile, number>, // one entry for each name
  cgroups: cgroupsOf(pid),
  cwd: readlinkSync(`/proc/${pid}/cwd`),
  root: readlinkSync(`/proc/${pid}/root`),
  label: readLabel(pid),
});

const readLabel = (pid: number | 'self'): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/attr/current`, 'utf8').replace(/[\n\0]+$/, '') || undefined;
  } catch (error) {
    if (isErrno(error, 'EINVAL', 'ENOENT', 'EACCES')) return undefined;
    throw error;
  }
};
