import type {HostPath} from '../contract/names.ts';
import {findProgram} from '../linux/programs.ts';
import {imageToolMissing} from './errors.ts';

/*
 * Programs that read what a stranger made run with as little as they need: a fault in one of them must not give the host away.
 */

/** For `execve`: the program, its arguments. */
export interface HostCommand {
  readonly file: HostPath;
  readonly args: readonly string[];
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

/**
 * bsdtar, which is the one tool that keeps owners, modes, times, xattrs, hard links and devices and cannot leave its target: it changes its root
 * directory before it reads. `args` come after the ones that say so.
 */
export const bsdtarExtract = (directory: string): HostCommand => {
  const bsdtar = required('bsdtar', 'libarchive-tools');
  const bounding = `--bounding-set=-all,${EXTRACT_CAPABILITIES.map((name) => `+${name}`).join(',')}`;
  return {
    file: required('setpriv', 'util-linux'),
    args: [
      ...['--no-new-privs', '--inh-caps=-all', bounding, '--'],
      ...[bsdtar, '--chroot', '-P', '--numeric-owner', '-b', '128', '-xpf', '-', '-C', directory],
    ],
  };
};

/** Lists or archives a tree of the host; only for trees that no app can write to. */
export const bsdtarCreate = (args: readonly string[]): HostCommand => ({
  file: required('bsdtar', 'libarchive-tools'),
  args,
});

/** Decompresses standard input as nobody, with bounded memory: gzip, bzip2, xz and zstd. */
export const decompressor = (memoryBytes: number): HostCommand => {
  const bsdcat = required('bsdcat', 'libarchive-tools');
  const limit = [required('prlimit', 'util-linux'), `--as=${memoryBytes}`, '--', bsdcat];
  const setpriv = required('setpriv', 'util-linux');
  // Who is not root has nothing to give up.
  if (process.geteuid?.() !== 0) return {file: setpriv, args: ['--no-new-privs', '--', ...limit]};
  const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups', '--inh-caps=-all', '--bounding-set=-all'];
  return {file: setpriv, args: ['--no-new-privs', ...nobody, '--', ...limit]};
};
