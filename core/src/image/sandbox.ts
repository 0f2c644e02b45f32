import type {HostPath} from '../contract/names.ts';
import type {Fd} from '../linux/fd.ts';
import {inOwnNamespaces} from '../linux/in-own-namespaces.ts';
import {NOBODY_ELSE, type Shown, seenAt} from '../linux/isolated.ts';
import {mayReturn} from '../linux/may-return.ts';
import {findProgram, PROGRAM_DIRECTORIES} from '../linux/programs.ts';
import {type Rootless, rootless} from '../linux/rootless.ts';
import {imageToolMissing} from './errors.ts';

/*
 * Programs that read what a stranger made run with as little as they need: a fault in one of them must not give the host away.
 */

/** For `execve`: the program, its arguments, and what it is given of the host besides its programs. */
export interface HostCommand {
  readonly file: HostPath;
  readonly args: readonly string[];
  readonly shown: readonly Shown[];
}

const required = (program: string, debianPackage: string): HostPath => {
  const path = findProgram(program);
  if (path === undefined) throw imageToolMissing(program, debianPackage);
  return path;
};

/**
 * With another locale glibc looks for conversion modules, after chroot, in the tree of the image: code execution as root (class of
 * CVE-2019-14271). Nothing else of the environment is passed on, PATH included.
 */
export const TOOL_ENVIRONMENT = {LC_ALL: 'C.UTF-8', PATH: '/nonexistent'} as const;

/** What an extraction needs as root, and no more; none of them lets a process touch others or the kernel. */
const EXTRACT_CAPABILITIES = ['chown', 'dac_override', 'fowner', 'fsetid', 'mknod', 'setfcap', 'sys_chroot'];
const COPY_CAPABILITIES = ['chown', 'dac_override', 'fowner', 'fsetid', 'mknod', 'setfcap'];
const READ_CAPABILITIES = ['dac_read_search'];

/**
 * No set-user-ID program can be found where they run (linux/isolated.ts), so that nothing is lost without no_new_privs: with it, an execve would make the real
 * and the effective user one again.
 */
const confined = (
  capabilities: readonly string[],
  command: readonly string[],
  ids: readonly string[] = [],
  kept: readonly string[] = [],
): Pick<HostCommand, 'file' | 'args'> => {
  const setpriv = required('setpriv', 'util-linux');
  // Who is not root has nothing to give up, and no keeper (linux/start-keeper.ts).
  if (process.geteuid?.() !== 0) return {file: setpriv, args: ['--no-new-privs', '--pdeathsig=KILL', '--', ...command]};
  const bounding = `--bounding-set=-all${capabilities.map((name) => `,+${name}`).join('')}`;
  const keeps = kept.map((name) => `,+${name}`).join('');
  const ambient = kept.length === 0 ? [] : [`--ambient-caps=-all${keeps}`];
  const common = [`--inh-caps=-all${keeps}`, ...ambient, bounding];
  if (mayReturn()) return {file: setpriv, args: ['--clear-groups', ...common, ...ids, '--', ...command]};
  return inOwnNamespaces(setpriv, [...idsWithin(rootless(), ids), ...common, '--', ...command]);
};

/** Of a program of an ordinary user: the same ids as of root's, where there are so many. */
const idsWithin = (own: Rootless | undefined, ids: readonly string[]): readonly string[] => {
  const without = own?.changesGroups === false ? [] : ['--clear-groups'];
  if (own !== undefined && Math.min(own.users, own.groups) <= NOBODY_ID) return [...without, '--no-new-privs'];
  return [...without, ...(ids.length === 0 ? [`--ruid=${NOBODY_ELSE}`, `--rgid=${NOBODY_ELSE}`] : ids)];
};

/**
 * bsdtar, which is the one tool that keeps owners, modes, times, xattrs, hard links and devices and cannot leave its target: it changes its root
 * directory before it reads. Zeros become holes.
 */
export const bsdtarExtract = (directory: Fd): HostCommand => {
  const tree: Shown = {at: '/tree', file: directory, writable: true};
  const bsdtar = required('bsdtar', 'libarchive-tools');
  const args = ['--chroot', '-P', '--numeric-owner', '-b', '128', '-xpSf', '-', '-C', seenAt(tree)];
  return {...confined(EXTRACT_CAPABILITIES, [bsdtar, ...args]), shown: [tree]};
};

/**
 * Archives a tree, to standard output. `args` come after the ones that say so. It asks the file system where holes are, which may take for one what has not been
 * written to the disk yet: of a sparse file its content is not to be relied on. Of the two records that bsdtar has for an
 * extended attribute it writes the one in which every name has a spelling of its own.
 */
export const bsdtarCreate = (directory: Fd, args: readonly string[], more: readonly Shown[] = []): HostCommand => {
  const tree: Shown = {at: '/tree', file: directory};
  const bsdtar = required('bsdtar', 'libarchive-tools');
  const format = ['--format=pax', '--options=pax:xattrheader=LIBARCHIVE', '--numeric-owner'];
  const omitted = ['--no-acls', '--no-fflags'];
  return {
    ...confined(READ_CAPABILITIES, [bsdtar, '-C', seenAt(tree), ...format, ...omitted, '-cf', '-', ...args]),
    shown: [tree, ...more],
  };
};

/** Copies a file or directory to `name` in another directory, with all that it has. */
export const copy = (from: Fd, parent: Fd, name: string): HostCommand => {
  const source: Shown = {at: '/source', file: from};
  const target: Shown = {at: '/target', file: parent, writable: true};
  const cp = required('cp', 'coreutils');
  const paths = [seenAt(source), `${seenAt(target)}/${name}`];
  const args = ['--archive', '--reflink=auto', '--no-target-directory', '--', ...paths];
  return {...confined(COPY_CAPABILITIES, [cp, ...args]), shown: [source, target]};
};

/** Makes a file system image (EROFS) of a tree, and ends by SIGXFSZ where that would have more than `most` bytes: the same bytes for the same tree. Owners, modes, times, links and extended attributes are the tree's. */
export const erofsImage = (tree: Fd, directory: Fd, name: string, most: number): HostCommand => {
  const source: Shown = {at: '/tree', file: tree};
  const target: Shown = {at: '/target', file: directory, writable: true};
  const mkfs = required('mkfs.erofs', 'erofs-utils');
  // Without it a file of the usual size has the time of the image.
  const options = ['-E', 'force-inode-extended', '-U', '00000000-0000-0000-0000-000000000000', '-d', '0'];
  const args = [...options, `${seenAt(target)}/${name}`, seenAt(source)];
  const command = limited({core: 0, fsize: most}, [mkfs, ...args]);
  return {...confined([...READ_CAPABILITIES, 'dac_override'], command), shown: [source, target]};
};

const NOBODY_ID = 65_534;
/** As in linux/isolated.ts, another real than effective user. */
const idsOf = ({uid, gid}: {readonly uid: number; readonly gid: number}) => [
  ...[`--ruid=${NOBODY_ELSE}`, `--euid=${uid}`],
  ...[`--rgid=${NOBODY_ELSE}`, `--egid=${gid}`],
];
const NOBODY = idsOf({uid: NOBODY_ID, gid: NOBODY_ID});

/**
 * A flavor's: its steps are data, and take less. Seconds of a processor have a limit that a program is told of, and one that it cannot catch. Of processes and threads the kernel
 * counts all that the user has, and so those of every such program that runs on the host at once.
 */
const STRANGER_LIMITS = {core: 0, cpu: '10:12', data: 1024 * 1024 * 1024, fsize: 0, nofile: 256, nproc: 4096} as const;

const limited = (limits: Readonly<Record<string, number | string>>, command: readonly string[]): string[] => [
  required('prlimit', 'util-linux'),
  ...Object.entries(limits).map(([name, limit]) => `--${name}=${limit}`),
  '--',
  ...command,
];

/** A command of a stranger, bounded as {@link stranger}. */
export const bounded = (command: readonly string[]): string[] => limited(STRANGER_LIMITS, command);

/** A stranger's program, as nobody and with bounded memory; it writes to its standard streams and nowhere else. */
export const stranger = (program: Shown): HostCommand & {readonly env: Readonly<Record<string, string>>} => {
  // It may look for its interpreter.
  const env = {LC_ALL: 'C.UTF-8', PATH: PROGRAM_DIRECTORIES.join(':')};
  return {...confined([], bounded([seenAt(program)]), NOBODY), shown: [program], env};
};

/** It answers many questions. */
const SCRIPT_LIMITS = {...STRANGER_LIMITS, cpu: '60:62'} as const;

/** What it says goes to a file in memory, which is as large. */
const PROVER_LIMITS = {...STRANGER_LIMITS, cpu: 30, fsize: 65_536} as const;

interface ScriptOptions {
  readonly shown: readonly Shown[];
  /** Who it has to be to read what it is, for what not everybody may read: with their number, and nothing else of what they may do. Default: nobody. */
  readonly owner?: {readonly uid: number; readonly gid: number} | undefined;
}

/** Node.js with a stranger's script, bounded as {@link stranger}. */
export const strangersScript = (command: readonly string[], {owner, shown}: ScriptOptions): HostCommand => {
  const ids = owner === undefined ? NOBODY : idsOf(owner);
  return {...confined([], limited(SCRIPT_LIMITS, command), ids), shown};
};

/** A stranger's emulator, as nobody: with the number of root it would have what the kernel keeps for that number, such as keys (keyrings(7)). */
export const prover = (command: readonly string[], shown: readonly Shown[]): HostCommand => ({
  ...confined([], limited(PROVER_LIMITS, command), NOBODY),
  shown,
});

/**
 * A program of the host that looks at a stranger's file: it can be made to do what that says. What everybody may read of the host it is shown by who starts it.
 * @param owner the stranger, for a file that not everybody may read. No group of theirs comes along: the file's need not be one. Default: nobody
 */
export const inspector = (command: readonly string[], owner = {uid: NOBODY_ID}): HostCommand => ({
  ...confined([], limited(PROVER_LIMITS, command), idsOf({...owner, gid: NOBODY_ID})),
  shown: [],
});

/** Who a {@link templateMaker} is, by what it makes. */
export const MAKER = 65_534;
const MAKER_LIMITS = {core: 0, cpu: '600:610', fsize: 4 * 1024 ** 3, nofile: 256, nproc: 4096} as const;
const TREE = '/tree';
const TREES_SETPRIV = '/usr/bin/setpriv';

/**
 * A command of an image's tree, as nobody, with that tree as its root directory: it writes to one directory in there, `target` at `writes`, and nowhere else. The tree's own setpriv makes it
 * nobody: before Linux 6.16 nobody whose real user is another keeps the capability to change its root over an execve.
 */
export const templateMaker = (tree: Fd, target: Fd, writes: string, command: readonly string[]): HostCommand => {
  const shown: Shown[] = [
    {at: TREE, file: tree},
    {at: `${TREE}${writes}`, file: target, writable: true},
  ];
  const chroot = required('chroot', 'coreutils');
  const inTree = [chroot, TREE, TREES_SETPRIV, '--keep-groups', ...NOBODY, '--', ...command];
  return {...confined(['setgid', 'setuid', 'sys_chroot'], limited(MAKER_LIMITS, inTree)), shown};
};

/** Decompresses standard input as nobody, with bounded memory: gzip, bzip2, xz and zstd. */
export const decompressor = (memoryBytes: number): HostCommand => {
  const bsdcat = required('bsdcat', 'libarchive-tools');
  const limited = [required('prlimit', 'util-linux'), `--as=${memoryBytes}`, '--', bsdcat];
  return {...confined([], limited, NOBODY), shown: []};
};

/** Where a {@link kernelBuilder} is. */
export const BUILD = '/build';
/** For each of its processes; all of them together take what the host lets go of. */
const BUILD_LIMITS = {
  core: 0,
  cpu: 3600,
  data: 4 * 1024 ** 3,
  fsize: 4 * 1024 ** 3,
  nofile: 4096,
  nproc: 4096,
} as const;

/** The users of it, by chance one of them: nobody's, nor of the ranges that pods have ids of. */
export const BUILDERS = {first: 0x7100_0000, count: 0x0100_0000} as const;

/**
 * They let it do nothing where it is. But who looks into a process has to have all that it has, whoever it becomes, or CAP_SYS_PTRACE (ptrace(2), access mode checking): so no app can that
 * has not been given both.
 */
const GUARD = ['block_suspend', 'wake_alarm'] as const;

/** What makes the same kernel of the same source wherever and whenever (Linux, Documentation/kbuild/reproducible-builds.rst). */
export const BUILD_ENVIRONMENT = {
  HOME: BUILD,
  KBUILD_BUILD_HOST: 'rkt',
  KBUILD_BUILD_TIMESTAMP: 'Thu Jan  1 00:00:00 UTC 1970',
  KBUILD_BUILD_USER: 'rkt',
  KBUILD_BUILD_VERSION: '1',
  LC_ALL: 'C.UTF-8',
  PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
  TMPDIR: `${BUILD}/tmp`,
} as const;

/**
 * A command that makes a kernel, as one of {@link BUILDERS}: it writes to its own directory alone. Its user is its real one, too, for shells become that, and many of them take part;
 * what other helpers have by another real user (linux/isolated.ts) it has by {@link GUARD}.
 * @param own a mount of that directory that has no place yet
 * @param devices a mount with `/dev/null`, likewise
 */
export const kernelBuilder = (own: Fd, devices: Fd, user: number, command: readonly string[]): HostCommand => {
  const shown: Shown[] = [
    {at: BUILD, file: own, detached: true},
    {at: '/dev', file: devices, detached: true},
  ];
  const variables = Object.entries(BUILD_ENVIRONMENT).map(([name, value]) => `${name}=${value}`);
  const inEnvironment = [required('env', 'coreutils'), '-i', ...variables, ...command];
  const ids = [`--reuid=${user}`, `--regid=${user}`];
  return {...confined(GUARD, limited(BUILD_LIMITS, inEnvironment), ids, GUARD), shown};
};
