import {type Declaration, enforced, equivalent, impossible, notApplicable, type Support} from '@rkt/plugin-sdk';
import {IMAGE, SEEN} from './places.ts';

const OWN_KERNEL = 'the pod has a kernel of its own';
const IN_GUEST = 'by crun, in the machine of the pod';
const LATER = 'not implemented by this flavor';
const NO_LABELS = 'the kernel of the machine has none of the profiles and policies of the host';
const NO_CARD = 'the machine has no network card';

/** What QEMU reads besides its libraries: firmware, and what runs the guest's code, which Debian has in a module. */
const QEMU_FILES = [
  '/usr/lib/x86_64-linux-gnu/qemu/accel-tcg-x86_64.so',
  '/usr/share/qemu/bios-microvm.bin',
  '/usr/share/qemu/pvh.bin',
];

const BLOCK_DEVICES =
  'for disks that are there when the pod starts, and what QEMU reads and writes of them, which are images of apps and volumes; on cgroup v1 not for what is written to them later from memory';

const ofMachine = (what: string, consequence: string): Support =>
  equivalent(`${what} of the cgroup of QEMU`, `${consequence}; apps of a pod must ask for the same`);

const inGuest = (what: string): Support => enforced(`${what}, ${IN_GUEST}`);

/** What the flavor is and what it promises. */
export const declaration: Omit<Declaration, 'contract'> & {programs: string[]} = {
  name: 'kvm',
  version: '0.1.0',
  summary: 'several apps in one pod, in a QEMU virtual machine with a kernel of its own',
  properties: ['own-ipc', 'own-kernel', 'own-network', 'own-pid'],
  programs: Object.values(IMAGE),
  liveness: 'cgroup',
  stage1Image: {
    required: true,
    directories: ['/dev', '/proc', SEEN],
    programs: [IMAGE.qemu, IMAGE.setpriv],
    files: QEMU_FILES,
    ownFiles: [
      {from: 'dist/monitor', to: IMAGE.monitor},
      {from: 'dist/enter', to: IMAGE.enter},
      {from: 'dist/save', to: IMAGE.save},
      {from: 'dist/own-memory.so', to: IMAGE.ownMemory},
      {from: 'dist/give-back.so', to: IMAGE.giveBack},
    ],
    machine: {
      kernel: IMAGE.kernel,
      initramfs: IMAGE.initramfs,
      init: 'dist/agent',
      emulator: IMAGE.qemu,
      about: '/boot/about.json',
      small: 'kernel/small.config',
      programs: ['/usr/bin/crun', '/usr/bin/tar'],
      modules: [
        ...['virtio_mmio', 'virtio_blk', 'crc32c_generic', 'erofs', 'overlay', 'virtio_console', 'virtio_net'],
        ...['9p', '9pnet_virtio'],
      ],
    },
  },

  isolators: {
    'os/linux/apparmor-profile': impossible(NO_LABELS),
    'os/linux/capabilities-remove-set': inGuest('bounding set'),
    'os/linux/capabilities-retain-set': inGuest('bounding set'),
    'os/linux/cpu-shares': inGuest('cpu weight of a cgroup'),
    'os/linux/cpuset-cpus': ofMachine(
      'cpuset',
      'the machine runs on them, and its processors have numbers of their own',
    ),
    'os/linux/cpuset-mems': ofMachine('cpuset', 'what it has in common with machines of its template may be of others'),
    'os/linux/no-new-privileges': inGuest('PR_SET_NO_NEW_PRIVS'),
    'os/linux/oom-score-adj': inGuest('oom_score_adj'),
    'os/linux/seccomp-remove-set': equivalent(
      `seccomp filter, ${IN_GUEST}`,
      'without no-new-privileges one with calls that crun needs after the filter is refused: capset, close, prctl, rt_sigaction, rt_sigprocmask, setresgid, setresuid, write',
    ),
    'os/linux/seccomp-retain-set': equivalent(
      `seccomp filter, ${IN_GUEST}`,
      'an app may also call what crun calls after the filter: close, umask, write, and without no-new-privileges capset, rt_sigaction and rt_sigprocmask, some options of prctl, statx, TCGETS, setresuid and setresgid with its own ids, setgroups for none, or without CAP_SETGID for as many as it has, and without CAP_CHOWN fchown of its streams; it is entered if it may call openat and read, and with supplementary groups and CAP_SETGID setgroups; with CAP_CHOWN the streams of what enters are those of root',
    ),
    'os/linux/selinux-context': impossible(NO_LABELS),
    'os/unix/rlimits': inGuest('setrlimit'),
    'os/unix/sysctl': enforced('written in the machine before anything of the pod runs'),
    'resource/block-bandwidth': ofMachine('limit', BLOCK_DEVICES),
    'resource/block-iops': ofMachine('limit', BLOCK_DEVICES),
    'resource/cpu': equivalent(
      `cpu quota of a cgroup, ${IN_GUEST}`,
      "of the machine's cores, which are as many as its apps may use, rounded up; one of several is booted, and goes on from no template",
    ),
    'resource/hugepages': impossible(OWN_KERNEL),
    'resource/memory': equivalent(
      `memory limit of a cgroup, ${IN_GUEST}`,
      'the machine has the memory of all apps and 128 MiB, and 384 MiB at least; one of more is booted, and goes on from no template; what apps write to their root file systems is of it, too',
    ),
    'resource/network-bandwidth': impossible(LATER),
    'resource/pids': inGuest('task limit of a cgroup'),
  },

  features: {
    'apps/many': enforced(
      "containers of crun in one machine; with the distribution's kernel more than four are in one that is booted, and goes on from no template, and there are 22 at most; with the small one there are seven at most",
    ),
    'devices/policy': inGuest('a program of a cgroup'),
    dns: enforced("bound into each app's /etc"),
    'event-handlers': enforced('containers of crun of their own, with all that the app has'),
    hostname: enforced("the machine's"),
    'ipc/host': impossible(OWN_KERNEL),
    'ipc/private': enforced(OWN_KERNEL),
    'kernel-paths/masked': inGuest('mounts over /proc and /sys'),
    'machine/unique': enforced(
      "random numbers of the host's in its pool and the host's time before anything of the pod happens; the id of the boot is made after that",
    ),
    'network/host': impossible(OWN_KERNEL),
    'network/named': impossible(LATER),
    'network/none': enforced(NO_CARD),
    'network/prepared': enforced(
      'a card of the machine for each tap, which QEMU has by descriptor and nothing else of the namespace; the machine is booted, and goes on from no template',
    ),
    notify: impossible(LATER),
    'pid/private': enforced(OWN_KERNEL),
    ports: impossible(NO_CARD),
    'processes/apart': enforced(OWN_KERNEL),
    'processes/closed': equivalent(
      OWN_KERNEL,
      'an app with such capabilities can take over the machine of its pod, and its other apps',
    ),
    restart: enforced(
      'by the program beside QEMU, after a second: what is left of the app is killed, and crun starts it anew',
    ),
    watchdog: impossible(LATER),
    'rootfs/overlay': equivalent(
      'a disk of the image under an overlay in memory',
      'rkt export has what an app has written once all apps of the pod have ended, and not if the pod was killed; what is written is of the memory of the machine',
    ),
    'rootfs/read-only': inGuest('read-only mount'),
    'socket-activation': impossible(NO_CARD),
    'stdio/inherited': enforced('a pipe of the machine before all of them'),
    'stdio/journal': impossible(LATER),
    'stdio/log': enforced('files of the pod, read by rkt logs and kept in bounds by rkt gc'),
    'stdio/stream': equivalent(
      "carried to and from the caller's own standard streams",
      'an app sees pipes, whatever they are, unless it has a terminal',
    ),
    'stdio/terminal': equivalent(
      "a terminal of the machine, with the size of the caller's, which is in raw mode meanwhile",
      'all three streams of an app, or none: they are pipes where one of them, or one of the caller, is no terminal',
    ),
    user: inGuest('set before execve'),
    'user-namespace': impossible(LATER),
    'volume/device': impossible(OWN_KERNEL),
    'volume/empty': equivalent(
      'in memory, in the machine of the pod; by 9p a directory of the pod, if it begins with what the image has',
      'it is of the memory of the machine, and gone with the pod; in the directory of the pod as in a volume of the host',
      {requires: ['user-namespaces']},
    ),
    'volume/host': equivalent(
      'served by QEMU, by 9p',
      'its users and groups are those below 65536; no fifo, socket or device can be made there; locks are not those of the host, nor does inotify see what the host does; its file system must have idmapped mounts',
      {requires: ['user-namespaces']},
    ),
    'volume/shared': impossible(OWN_KERNEL),
    'volume/slave': impossible(LATER),
    'volume/sys': impossible(OWN_KERNEL),
  },

  verbs: {
    'app-add': impossible(LATER),
    'app-rm': impossible(LATER),
    'app-start': impossible(LATER),
    'app-stop': impossible(LATER),
    attach: impossible(LATER),
    enter: equivalent(
      `started with the app's compiled process, ${IN_GUEST}; a program outside carries its streams, signals and exit status`,
      'it has a terminal of the machine if all streams of its caller are one, else it sees pipes',
    ),
    'exit-status': enforced('written when an app ends'),
    gc: enforced('the kernel drops the mounts with the machine; the cgroups and the directory are removed'),
    logs: enforced('of apps with --stdout=log, and the same for --stderr'),
    ready: enforced('when every app has been started'),
    run: enforced('QEMU, and a small program beside it that carries streams, signals and exit statuses', {
      requires: ['root'],
    }),
    stats: notApplicable('rkt has no such command yet'),
    stop: enforced('SIGTERM to every app; after ten seconds they are killed'),
  },
};
