import type {RootfsPath} from '../../contract/names.ts';

/*
 * What rkt 1.30, moby, containerd and podman hide or protect, together (S07). Paths that a kernel does not have are skipped by the executor.
 */

const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/config.gz',
  '/proc/interrupts',
  '/proc/kallsyms',
  '/proc/kcore',
  '/proc/keys',
  '/proc/kmem',
  '/proc/latency_stats',
  '/proc/mem',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/dev/block',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
  '/sys/fs',
  '/sys/hypervisor',
  '/sys/module',
  '/sys/power',
];

const READ_ONLY = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
  '/sys/block',
  '/sys/bus',
  '/sys/class',
  '/sys/dev',
  '/sys/devices',
  '/sys/kernel',
];

/** More processors than this are not looked after one by one. */
const MAX_CPUS = 1024;

export interface KernelPaths {
  readonly masked: readonly RootfsPath[];
  readonly readOnly: readonly RootfsPath[];
}

/**
 * The kernel paths that are hidden from an app and that it cannot write to, on a host with `cpus` processors (each has counters that tell
 * what its neighbours do); none with `--insecure-options=paths`.
 */
export const kernelPaths = ({
  cpus,
  unrestricted,
}: {
  readonly cpus: number;
  readonly unrestricted: boolean;
}): KernelPaths => {
  if (unrestricted) return {masked: [], readOnly: []};
  const perCpu = Array.from(
    {length: Math.min(cpus, MAX_CPUS)},
    (_, cpu) => `/sys/devices/system/cpu/cpu${cpu}/thermal_throttle`,
  );
  return {masked: toPaths([...MASKED, ...perCpu]), readOnly: toPaths(READ_ONLY)};
};

// constants above, all absolute
const toPaths = (paths: readonly string[]): RootfsPath[] => paths as RootfsPath[];
