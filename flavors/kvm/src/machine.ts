import type {App, HostFacts, Pod} from '@rkt/plugin-sdk';
import {IMAGE, SEEN} from './places.ts';
import {diskName} from './script.ts';
import {servedTrees, type Tree, tagOf} from './volumes.ts';

const MEBIBYTE = 1024 * 1024;
/** What the kernel, the agent and crun take, measured with one app that sleeps: 90 MiB. */
const OVERHEAD = 128 * MEBIBYTE;
/** For an app that says nothing. */
const DEFAULT_MEMORY = 256 * MEBIBYTE;

/** Bytes of memory of the pod's machine: what its apps may have, and what it needs itself. */
export const memoryOf = ({apps}: Pick<Pod, 'apps'>): number =>
  apps.reduce((sum, {limits}) => sum + (limits.memoryMax ?? DEFAULT_MEMORY), OVERHEAD);

/** Cores of the pod's machine: what its apps may have, rounded up; one if none of them says. */
export const coresOf = ({apps}: Pick<Pod, 'apps'>, {cpus}: Pick<HostFacts, 'cpus'>): number => {
  const asked = apps.reduce((sum, {limits}) => sum + (limits.cpuMax ?? 0), 0);
  return Math.min(Math.max(1, Math.ceil(asked / 1000)), cpus);
};

/** Without the last ones a boot takes a quarter more, and on a busy host the calibration of the clock can fail for ever. */
const KERNEL_PARAMETERS = [
  'console=ttyS0',
  'quiet',
  'panic=-1',
  'reboot=t',
  'audit=0',
  'cryptomgr.notests',
  'noreplace-smp',
  'no_timer_check',
  // The monitor puts in what it measures.
  'tsc_early_khz=@TSC@',
] as const;

/** A value in an option of QEMU, where a comma separates and two are one. */
export const optionValue = (value: string): string => value.replaceAll(',', ',,');

/** For the monitor: what the machine is started with, and what with if it does not start. */
export const accelerators = ({accelerator}: Pick<HostFacts, 'accelerator'>): string[] => {
  const tcg = ['accelerator', 'tcg', 'max'];
  if (accelerator?.name !== 'kvm') return tcg;
  const kvm = ['accelerator', 'kvm', 'host'];
  return accelerator.forced ? kvm : [...kvm, ...tcg];
};

/** The command line of QEMU, in which the monitor puts what it starts it with; it starts it with the agent's port in descriptor 3 and the console in 4. */
export const qemuCommand = (pod: Pod, host: HostFacts): string[] => [
  IMAGE.qemu,
  ...['-M', 'microvm', '-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
  ...['-accel', '@ACCELERATOR@', '-cpu', '@CPU@'],
  ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
  ...['-m', `${Math.ceil(memoryOf(pod) / MEBIBYTE)}`, '-smp', `${coresOf(pod, host)}`],
  ...['-uuid', pod.uuid],
  ...['-kernel', IMAGE.kernel, '-initrd', IMAGE.initramfs],
  ...['-append', KERNEL_PARAMETERS.join(' ')],
  ...['-chardev', 'socket,id=console,fd=4', '-serial', 'chardev:console'],
  ...['-chardev', 'socket,id=agent,fd=3', '-device', 'virtio-serial-device'],
  ...['-device', 'virtserialport,chardev=agent,name=rkt'],
  ...pod.apps.flatMap(disk),
  ...servedTrees(pod).flatMap(share),
];

const disk = ({name}: App, index: number): string[] => {
  const id = diskName(index);
  const file = optionValue(`${SEEN}/disks/${name}`);
  return [
    ...['-drive', `if=none,id=${id},file=${file},format=raw,readonly=on`],
    ...['-device', `virtio-blk-device,drive=${id},serial=${id}`],
  ];
};

/** Files of several file systems are in one tree: what tells them apart is made unique. */
const share = (tree: Tree): string[] => {
  const id = tagOf(tree);
  const file = optionValue(`${SEEN}/volumes/${tree}`);
  const readOnly = tree === 'ro' ? ',readonly=on' : '';
  return [
    ...['-fsdev', `local,id=${id},path=${file},security_model=passthrough,multidevs=remap${readOnly}`],
    ...['-device', `virtio-9p-device,fsdev=${id},mount_tag=${id}`],
  ];
};
