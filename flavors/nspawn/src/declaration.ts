import {
  byHostKernel,
  type Declaration,
  enforced,
  equivalent,
  impossible,
  notApplicable,
  readBack,
} from '@rkt/plugin-sdk';
import {EXECUTOR} from './systemd-version.ts';
import {DIRECTORIES, JOURNAL_PROGRAMS, NEEDED} from './tree.ts';

const BY_SYSTEMD = "by the app's service in the pod's systemd";
const BLOCK_DEVICES =
  "for disks that are there when the pod starts; on cgroup v1 not for what is written to them later from memory, and with several apps that have their own a pod's holds for each";
const CPUSET =
  'on cgroup v1 of a pod as a whole, or of its only app: systemd sets none there, and a pod that asks for more is refused';
const HUGEPAGES =
  'of a pod as a whole, or of its only app: systemd has no setting for them, and a pod that asks for more is refused';
const JOURNAL_LINES =
  'it keeps lines, not bytes: without empty ones and without blanks at their ends, and where another process of the app goes on with a line it ends';
const NO_SELINUX =
  "the pod's systemd tells SELinux nothing without its file system, and whoever can write to that changes the host's policy";
const LATER = 'not implemented by this flavor';

/** What the flavor is and what it promises. */
export const declaration = {
  name: 'nspawn',
  version: '0.1.0',
  summary: 'several apps in one pod, each a service of a small systemd in systemd-nspawn',
  properties: ['own-ipc', 'own-pid', 'host-network'],
  programs: ['systemd-nspawn', ...NEEDED, ...JOURNAL_PROGRAMS, EXECUTOR],
  liveness: 'cgroup',
  stage1Image: {directories: [...DIRECTORIES]},

  isolators: byHostKernel({
    'os/linux/apparmor-profile': enforced(BY_SYSTEMD, {
      requires: ['lsm/apparmor', 'built-with/systemd-nspawn/APPARMOR'],
    }),
    'os/linux/capabilities-remove-set': enforced(`bounding set, ${BY_SYSTEMD}`),
    'os/linux/capabilities-retain-set': enforced(`bounding set, ${BY_SYSTEMD}`),
    'os/linux/cpu-shares': enforced('cpu weight of a cgroup'),
    'os/linux/cpuset-cpus': equivalent('cpuset of a cgroup', CPUSET),
    'os/linux/cpuset-mems': equivalent('cpuset of a cgroup', CPUSET),
    'os/linux/no-new-privileges': enforced(BY_SYSTEMD),
    'os/linux/oom-score-adj': enforced(BY_SYSTEMD),
    'os/linux/seccomp-remove-set': enforced(`filter, ${BY_SYSTEMD}`),
    'os/linux/seccomp-retain-set': enforced(`filter, ${BY_SYSTEMD}`),
    'os/linux/selinux-context': impossible(NO_SELINUX),
    'os/unix/rlimits': enforced(BY_SYSTEMD),
    'os/unix/sysctl': enforced("written in the pod's own namespaces before anything of it runs"),
    'resource/block-bandwidth': equivalent('limit of a cgroup, for each disk', BLOCK_DEVICES),
    'resource/block-iops': equivalent('limit of a cgroup, for each disk', BLOCK_DEVICES),
    'resource/cpu': enforced('cpu quota of a cgroup'),
    'resource/hugepages': equivalent('limits of a cgroup', HUGEPAGES),
    'resource/memory': enforced('memory limit of a cgroup'),
    'resource/network-bandwidth': impossible(LATER),
    'resource/pids': enforced('task limit of a cgroup'),
  }),

  features: {
    'apps/many': enforced("services of the pod's systemd"),
    'devices/policy': enforced("a program of the pod's cgroup, or its devices controller on cgroup v1", {
      requires: ['device-policy'],
      readBack: readBack.devices,
    }),
    dns: enforced("written into each app's /etc"),
    'event-handlers': enforced('services of their own, with all that the app has'),
    hostname: enforced('--hostname of systemd-nspawn'),
    'ipc/host': enforced("the host's ipc namespace", {readBack: readBack.hostNamespace('ipc')}),
    'ipc/private': enforced('an ipc namespace of the pod', {readBack: readBack.ownNamespace('ipc')}),
    'kernel-paths/masked': enforced("mounts over the pod's /proc and /sys, before its systemd starts", {
      readBack: readBack.mounts,
    }),
    'machine/unique': notApplicable('the machine is the host'),
    'network/host': enforced("the host's network namespace", {readBack: readBack.hostNamespace('net')}),
    'network/named': impossible(LATER),
    'network/none': enforced('a network namespace with nothing but loopback', {readBack: readBack.ownNamespace('net')}),
    'network/prepared': impossible(LATER),
    notify: enforced("the pod's systemd tells systemd-nspawn, and that whoever started rkt"),
    'pid/private': enforced('a pid namespace of the pod', {readBack: readBack.ownNamespace('pid')}),
    ports: impossible(LATER),
    'processes/apart': enforced('a pid namespace of its own', {readBack: readBack.ownNamespace('pid')}),
    'processes/closed': impossible(
      "the pod shares the host's kernel, and its systemd has more capabilities than its apps and no filter: with CAP_SYS_PTRACE, CAP_SYS_ADMIN, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_BPF, CAP_PERFMON or CAP_DAC_READ_SEARCH an app can take over one or the other, unless run with --private-users",
    ),
    restart: enforced("Restart= of the app's service, after a second"),
    'rootfs/overlay': enforced('overlayfs on the shared layers of the image', {
      requires: ['filesystem/overlay'],
      readBack: readBack.mounts,
    }),
    'rootfs/read-only': enforced('read-only mount of the rootfs', {readBack: readBack.mounts}),
    'socket-activation': enforced("sockets of the pod's systemd, each for the app whose port it is"),
    'stdio/inherited': enforced('a pipe before files and sockets, and a terminal of its own'),
    'stdio/journal': equivalent('a systemd-journald in the pod, read by rkt logs', JOURNAL_LINES, {
      requires: JOURNAL_PROGRAMS.map((name) => `program/${name}` as const),
    }),
    'stdio/log': enforced('files of the pod of bounded size, read by rkt logs'),
    'stdio/stream': enforced("the caller's own standard streams"),
    'stdio/terminal': enforced("the pod's console, a terminal of its own"),
    user: enforced(BY_SYSTEMD),
    'user-namespace': enforced(
      'a user namespace of the pod, with ids that no other pod has; files keep their owners on disk',
      {
        requires: ['user-namespaces'],
        readBack: readBack.ownNamespace('user'),
      },
    ),
    'volume/device': enforced('bind mount', {readBack: readBack.mounts}),
    'volume/empty': enforced("bind mount of a directory of the pod's", {readBack: readBack.mounts}),
    'volume/host': enforced('bind mount', {readBack: readBack.mounts}),
    'volume/shared': impossible('systemd-nspawn lets no mount out of a pod'),
    'volume/slave': enforced('bind mount, a slave of its source', {readBack: readBack.mounts}),
    'volume/sys': enforced("bind mount by the app's service", {readBack: readBack.mounts}),
    watchdog: enforced("WatchdogSec= of the app's service"),
  },

  verbs: {
    'app-add': impossible(LATER),
    'app-rm': impossible(LATER),
    'app-start': impossible(LATER),
    'app-stop': impossible(LATER),
    attach: impossible(LATER),
    enter: equivalent(
      "joins the app's namespaces, root and cgroup with the app's own credentials and filters, and on a terminal one more; where the kernel does not show them, one that refuses as much",
      "of a file of the caller's that can be written a command of root or of its owner can change the mode, setuid too, and any command its flags: give it a pipe; on a terminal it has one of the pod's",
    ),
    'exit-status': enforced('written by each service when it ends'),
    gc: enforced("the kernel drops the mounts with the pod's PID 1; the cgroups and the directory are removed"),
    logs: enforced('of apps with --stdout=log or --stdout=journal, and the same for --stderr'),
    ready: enforced('when every app has been started'),
    run: enforced('systemd-nspawn, after a few system calls of rkt that hand signals on', {requires: ['root']}),
    stats: notApplicable('rkt has no such command yet'),
    stop: enforced("the pod's systemd stops its services; after ten seconds it kills them"),
  },
} satisfies Omit<Declaration, 'contract'>;
