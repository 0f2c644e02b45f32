import type {App, HostFacts, Pod} from '@rkt/plugin-sdk';
import {cardArguments, cardsOf, hasCards} from './cards.ts';
import {machineFull, machineTooLarge} from './errors.ts';
import {optionValue} from './option-value.ts';
import {IMAGE, SEEN, TEMPLATE} from './places.ts';
import {together} from './pod-limits.ts';
import {diskName} from './script.ts';
import {servedTrees, TREES, type Tree, tagOf} from './volumes.ts';

const MEBIBYTE = 1024 * 1024;
/** What the kernel, the agent and crun take, measured with one app that sleeps: 90 MiB. */
const OVERHEAD = 128 * MEBIBYTE;
/** For an app that says nothing. */
const DEFAULT_MEMORY = 256 * MEBIBYTE;

/** What a machine has at least; those that have no more go on from one template. */
const SMALLEST = DEFAULT_MEMORY + OVERHEAD;

/** Bytes of memory of the pod's machine: what its apps may have, and what it needs itself. */
export const memoryOf = (pod: Pick<Pod, 'apps' | 'limits'>): number =>
  Math.max(SMALLEST, OVERHEAD + together(pod, 'memoryMax', DEFAULT_MEMORY));

/** Cores of the pod's machine: what its apps may have, rounded up; one if none of them says. */
export const coresOf = (pod: Pick<Pod, 'apps' | 'limits'>, {cpus}: Pick<HostFacts, 'cpus'>): number =>
  Math.min(Math.max(1, Math.ceil(together(pod, 'cpuMax', 0) / 1000)), cpus);

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
  // Nothing watches a machine that stands still at times, and of the rest apps have Landlock alone.
  'nowatchdog',
  'lsm=landlock',
  // There is nothing that the kernel could compare the processor's counter with; until it is trusted, time passes in ticks, for which an idle machine wakes up 100 times a second or more.
  'tsc=reliable',
  // The monitor puts in what it measures.
  'tsc_early_khz=@TSC@',
] as const;

/** MiB of what QEMU has translated of the guest's code, which no limit of the pod counts: it forgets all of it when there is more. By itself it takes up to 1024. */
const TRANSLATED = 256;

/** What QEMU has mapped for itself: 150 MiB, 220 while sixty processes use volumes. Each of its threads counts for 8 MiB, of which there may be one for each core and 64 for volumes. */
const OF_QEMU = 1024 * MEBIBYTE;
const OF_CORE = 16 * MEBIBYTE;

/** Bytes that QEMU may map for itself. What it keeps for a guest that uses volumes is as much as that asks for, and no limit of an app counts it: one that asks for more has QEMU end. Never more than rkt's caller may have. */
export const mappedAtMost = (pod: Pod, host: HostFacts): number => {
  const needed = memoryOf(pod) + TRANSLATED * MEBIBYTE + OF_QEMU + coresOf(pod, host) * OF_CORE;
  return Math.min(needed, host.hardLimits.data ?? needed);
};

/**
 * The accelerator that always works, and its processor: all that is emulated but the word that strings of bytes are fast. Kernels and libraries would copy and clear memory by them,
 * and each byte of one is a round of its own here: 100 MB through a pipe take a third of the time by longer words.
 */
const TCG = [`tcg,tb-size=${TRANSLATED}`, 'max,erms=off'] as const;

/** For the monitor: what the machine is started with, and what with if it does not start. */
export const accelerators = ({accelerator}: Pick<HostFacts, 'accelerator'>): string[] => {
  const tcg = ['accelerator', ...TCG];
  if (accelerator?.name !== 'kvm') return tcg;
  const kvm = ['accelerator', 'kvm', 'host'];
  return accelerator.forced ? kvm : [...kvm, ...tcg];
};

/** Disks of a template, and so of every machine that goes on from it, which need not look for them: to a small kernel others can be added. */
const disksOf = (host: HostFacts): number => (isSmall(host) ? 1 : 4);

/** What a machine has places for, as QEMU makes it: devices of its own, besides the port of its agent. QEMU has one more, in which a kernel finds no device that works. */
const MAX_DEVICES = 22;

/** Where one without ACPI has them, which are fewer: at these places of its memory, each with an interrupt. */
const PLACES = Array.from({length: 8}, (_, index) => `512@0x${(0xfeb0_0000 + index * 512).toString(16)}:${5 + index}`);

const isSmall = ({guestKernel}: HostFacts): boolean => guestKernel?.kind === 'small';

/** What a machine of the pod's own has, besides the port of its agent. */
const devicesOf = (pod: Pod): number => pod.apps.length + servedTrees(pod).length + cardsOf(pod).length;

/** The small kernel is told where devices are, and finds there what a template had not. To others the firmware says it, of those alone that are there when the machine starts. */
const placesOf = (host: HostFacts): number => (isSmall(host) ? PLACES.length - 1 : MAX_DEVICES);

/** Whether the pod's machine goes on from a template, if there is one; else it is booted. */
export const isOfTemplate = (pod: Pod, host: HostFacts): boolean =>
  host.noTemplates !== true &&
  host.accelerator?.name !== 'kvm' &&
  memoryOf(pod) === SMALLEST &&
  coresOf(pod, host) === 1 &&
  (isSmall(host) ? devicesOf(pod) <= placesOf(host) : pod.apps.length <= disksOf(host)) &&
  !hasCards(pod);

/** The trees of volumes that QEMU has a device for, none for a pod without volumes; where the kernel finds nothing that its template had not, both for any other, one of them with nothing in it. */
export const treesOf = (pod: Pod, host: HostFacts): readonly Tree[] => {
  const served = servedTrees(pod);
  return served.length > 0 && isOfTemplate(pod, host) && !isSmall(host) ? TREES : served;
};

/** The command line of QEMU, and after `--` what it boots; the monitor puts in what it starts it with, and starts it with the agent's port in descriptor 3 and the console in 4. */
export const qemuCommand = (pod: Pod, host: HostFacts): string[] => {
  if (devicesOf(pod) > placesOf(host)) throw machineFull(devicesOf(pod), placesOf(host));
  if (memoryOf(pod) > host.memoryBytes) throw machineTooLarge(memoryOf(pod), host.memoryBytes);
  return [
    ...machine(memoryOf(pod), coresOf(pod, host), isSmall(host)),
    ...['-uuid', pod.uuid],
    ...pod.apps.flatMap(disk),
    ...(isOfTemplate(pod, host) ? noDisks(pod.apps.length, disksOf(host)) : []),
    ...treesOf(pod, host).flatMap((tree) => share(tree, `${SEEN}/volumes/${tree}`)),
    ...cardArguments(pod),
    '--',
    ...boot(isSmall(host)),
  ];
};

/** What makes the template of a machine: it boots one, and saves it (guest/save.c). Machines with volumes have one, those without another, in which nothing serves files. */
export const templateCommand = (pod: Pod, host: HostFacts): string[] => [
  IMAGE.save,
  `${SEEN}/${TEMPLATE.state}`,
  ...TCG,
  ...machine(SMALLEST, 1, isSmall(host)),
  ...noDisks(0, disksOf(host)),
  // No guest has mounted a tree by then, and whatever is there.
  ...(isSmall(host) ? [] : treesOf(pod, host).flatMap((tree) => share(tree, SEEN))),
  ...boot(isSmall(host)),
  ...memory(`${SEEN}/${TEMPLATE.memory}`, 'on'),
  ...commands,
];

/** For the monitor: what QEMU is preloaded with, and where the template is. */
export const monitorWords = (pod: Pod, host: HostFacts): string[] => [
  ...['libraries', `${IMAGE.ownMemory}:${IMAGE.giveBack}`],
  ...(isOfTemplate(pod, host) ? ['template', TEMPLATE.seen] : []),
];

/** What QEMU gets in the place of what it boots, to go on from a template: its memory is read as the machine needs it, and what it writes is its own. */
export const templateArguments = (pod: Pod, host: HostFacts): string[] =>
  isOfTemplate(pod, host)
    ? ['--', ...OF_KERNEL, ...memory(`${TEMPLATE.seen}/${TEMPLATE.memory}`, 'off'), ...commands, '-incoming', 'defer']
    : [];

const boot = (withPlaces: boolean): string[] => {
  const places = withPlaces ? PLACES.map((place) => `virtio_mmio.device=${place}`) : [];
  return ['-kernel', IMAGE.kernel, '-initrd', IMAGE.initramfs, '-append', [...KERNEL_PARAMETERS, ...places].join(' ')];
};

/** What QEMU has by itself for a kernel that it is given: a template has it, and a machine that goes on from there is given no kernel. */
const OF_KERNEL = ['-option-rom', 'pvh.bin'];

const memory = (file: string, share: 'on' | 'off'): string[] => [
  ...['-object', `memory-backend-file,id=memory,size=${SMALLEST},mem-path=${file},share=${share}`],
  ...['-machine', 'memory-backend=memory'],
];

const commands = ['-chardev', 'socket,id=commands,fd=5', '-mon', 'chardev=commands,mode=control'];

const machine = (bytes: number, cores: number, withPlaces: boolean): string[] => [
  IMAGE.qemu,
  ...['-M', withPlaces ? 'microvm,acpi=off,auto-kernel-cmdline=off' : 'microvm'],
  ...['-nodefaults', '-no-user-config', '-display', 'none', '-no-reboot'],
  ...['-accel', '@ACCELERATOR@', '-cpu', '@CPU@'],
  ...['-sandbox', 'on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny'],
  ...['-m', `${Math.ceil(bytes / MEBIBYTE)}`, '-smp', `${cores}`],
  ...['-chardev', 'socket,id=console,fd=4', '-serial', 'chardev:console'],
  // First of all, by which the kernel numbers it, whatever else there is: QEMU gives places from the last on.
  ...[
    '-chardev',
    'socket,id=agent,fd=3',
    '-device',
    `virtio-serial-device${withPlaces ? ',bus=virtio-mmio-bus.0' : ''}`,
  ],
  ...['-device', 'virtserialport,chardev=agent,name=rkt'],
];

const disk = ({name}: App, index: number): string[] =>
  drive(index, `file=${optionValue(`${SEEN}/disks/${name}`)},format=raw`);

/** In the place of what a pod's machine has there, from a number on: one with nothing on it, and larger than any, because the kernel asks for its size once. */
const noDisks = (from: number, to: number): string[] =>
  Array.from({length: Math.max(0, to - from)}, (_, index) =>
    drive(from + index, `file.driver=null-co,file.size=${2 ** 40},file.read-zeroes=on,format=raw`),
  ).flat();

const drive = (index: number, what: string): string[] => {
  const id = diskName(index);
  return [
    ...['-drive', `if=none,id=${id},${what},readonly=on`],
    ...['-device', `virtio-blk-device,drive=${id},serial=${id}`],
  ];
};

/** Files of several file systems are in one tree: what tells them apart is made unique. */
const share = (tree: Tree, directory: string): string[] => {
  const id = tagOf(tree);
  const file = optionValue(directory);
  const readOnly = tree === 'ro' ? ',readonly=on' : '';
  return [
    ...['-fsdev', `local,id=${id},path=${file},security_model=passthrough,multidevs=remap${readOnly}`],
    ...['-device', `virtio-9p-device,fsdev=${id},mount_tag=${id}`],
  ];
};
