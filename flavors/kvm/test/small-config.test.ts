import {readFileSync} from 'node:fs';
import test from 'ava';
import {declaration} from '../src/declaration.ts';

/* The small kernel has what the flavor promises, built in: of each promise that is kept in the machine, what its kernel must have. */

const config = new Set(
  readFileSync(new URL('../kernel/small.config', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('# ') || / is not set$/.test(line)),
);
const missing = (options: readonly string[]) => options.filter((option) => !config.has(`CONFIG_${option}=y`));

/** What makes a module of the distribution's kernel part of this one. */
const OF_MODULES: Readonly<Record<string, readonly string[]>> = {
  '9p': ['9P_FS', 'NETWORK_FILESYSTEMS'],
  '9pnet_virtio': ['NET_9P', 'NET_9P_VIRTIO'],
  // EROFS has it by itself.
  crc32c_generic: [],
  erofs: ['MISC_FILESYSTEMS', 'EROFS_FS', 'EROFS_FS_XATTR', 'EROFS_FS_POSIX_ACL', 'EROFS_FS_SECURITY'],
  overlay: ['OVERLAY_FS'],
  virtio_blk: ['BLOCK', 'BLK_DEV', 'VIRTIO_BLK'],
  virtio_console: ['TTY', 'VIRTIO_CONSOLE'],
  virtio_net: ['NETDEVICES', 'NET_CORE', 'VIRTIO_NET'],
  virtio_mmio: ['VIRTIO_MENU', 'VIRTIO_MMIO', 'VIRTIO_MMIO_CMDLINE_DEVICES'],
};

test('what the flavor takes of the modules of another kernel is built in', (t) => {
  for (const name of declaration.stage1Image?.machine?.modules ?? []) {
    const options = OF_MODULES[name];
    t.truthy(options, name);
    t.deepEqual(missing(options ?? []), [], name);
  }
});

const CGROUP = ['CGROUPS'];
const SECCOMP = ['SECCOMP', 'SECCOMP_FILTER'];

const OF_ISOLATORS: Readonly<Record<string, readonly string[]>> = {
  'os/linux/capabilities-remove-set': ['MULTIUSER'],
  'os/linux/capabilities-retain-set': ['MULTIUSER'],
  'os/linux/cpuset-cpus': [],
  'os/linux/cpuset-mems': [],
  'os/linux/cpu-shares': [...CGROUP, 'CGROUP_SCHED', 'FAIR_GROUP_SCHED'],
  'os/linux/no-new-privileges': [],
  'os/linux/oom-score-adj': ['PROC_FS'],
  'os/linux/seccomp-remove-set': SECCOMP,
  'os/linux/seccomp-retain-set': SECCOMP,
  'os/unix/rlimits': [],
  'os/unix/sysctl': ['PROC_SYSCTL', 'SYSVIPC', 'POSIX_MQUEUE', 'INET'],
  'resource/block-bandwidth': [],
  'resource/block-iops': [],
  'resource/cpu': [...CGROUP, 'CFS_BANDWIDTH', 'SMP'],
  'resource/memory': [...CGROUP, 'MEMCG'],
  'resource/pids': [...CGROUP, 'CGROUP_PIDS'],
};

test('what isolators need is built in, each by name', (t) => {
  const kept = Object.entries(declaration.isolators)
    .filter(([, {level}]) => level === 'enforced' || level === 'equivalent')
    .map(([name]) => name);
  t.deepEqual(kept.sort(), Object.keys(OF_ISOLATORS).sort());
  for (const [name, options] of Object.entries(OF_ISOLATORS)) t.deepEqual(missing(options), [], name);
});

test('what starts the machine, holds its apps and carries their streams is built in', (t) => {
  t.deepEqual(
    missing([
      ...['64BIT', 'PVH', 'KVM_GUEST', 'X86_MPPARSE', 'BLK_DEV_INITRD', 'DEVTMPFS', 'SERIAL_8250_CONSOLE'],
      ...['UTS_NS', 'IPC_NS', 'USER_NS', 'PID_NS', 'NET_NS', 'CGROUP_BPF', 'BPF_SYSCALL', 'CGROUP_DEVICE'],
      ...['TMPFS', 'TMPFS_XATTR', 'PROC_SYSCTL', 'SYSFS', 'UNIX98_PTYS', 'POSIX_MQUEUE', 'SYSVIPC', 'SIGNALFD', 'UNIX'],
      ...['INET', 'IPV6', 'EPOLL', 'FUTEX', 'MEMFD_CREATE', 'VIRTIO_NET', 'IA32_EMULATION'],
    ]),
    [],
  );
});

test('it can be loaded no module, and looks neither for parts on a disk nor, by ACPI, for what it is told', (t) => {
  t.false(config.has('CONFIG_ACPI=y'));
  t.false(config.has('CONFIG_MODULES=y'));
  t.true(config.has('# CONFIG_MSDOS_PARTITION is not set'));
});

test('no option is there twice', (t) => {
  const names = [...config].flatMap((line) => /CONFIG_\w+/.exec(line)?.[0] ?? []);
  t.deepEqual(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
});
