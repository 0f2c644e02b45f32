import {fstatSync} from 'node:fs';
import type {Process} from '../contract/process.ts';
import {ELF_HEADER, elfArchitecture, PT_INTERP, parseElf, readAt, segmentsOf} from './elf.ts';
import {execInterpreterMissing, execNotExecutable, execWrongArchitecture} from './errors.ts';
import type {Fd} from './fd.ts';
import {mayReach} from './may-reach.ts';
import {O_PATH, openInRoot} from './openat2.ts';
import {reopenToRead} from './reopen.ts';
import {SyscallError} from './syscall-error.ts';

export type Runner = Pick<Process, 'uid' | 'gid' | 'groups' | 'cwd' | 'capabilities'>;

/** fs/exec.c and fs/binfmt_script.c: programs that are interpreted by programs that are interpreted. */
const MAX_DEPTH = 5;
const LINE = 256;
const MAX_TABLE = 65_536;
const MAX_PATH = 4096;
const NATIVE = process.arch === 'arm64' ? 'aarch64' : 'x86_64';

/** Whether the mode lets somebody execute a file; the superuser needs one execute bit, whoever's. */
export const mayExecute = (
  file: {readonly mode: number; readonly uid: number; readonly gid: number},
  {uid, gid, groups, capabilities}: Runner,
): boolean => {
  if (capabilities.effective.includes('CAP_DAC_OVERRIDE')) return (file.mode & 0o111) !== 0;
  if (file.uid === uid) return (file.mode & 0o100) !== 0;
  if (file.gid === gid || groups.includes(file.gid)) return (file.mode & 0o010) !== 0;
  return (file.mode & 0o001) !== 0;
};

/** What `#!` at the start of a file names; `undefined` if there is none. */
export const parseInterpreterLine = (head: Buffer): string | undefined => {
  if (head.length < 3 || head.toString('latin1', 0, 2) !== '#!') return undefined;
  const [line = ''] = head.toString('utf8', 2, LINE).split('\n', 1);
  return /^[ \t]*([^ \t\0]+)/.exec(line)?.[1];
};

/** A path of the rootfs as the kernel takes it from the app's working directory. */
export const absolute = (path: string, cwd: string): string => (path.startsWith('/') ? path : `${cwd}/${path}`);

/**
 * Checks an opened file (`O_PATH`) as execve will, before anything is done that cannot be taken back: kind, permission, format, and what
 * interprets it, to the end of the chain. A link like /proc/self/exe is never followed (S03).
 * @throws RKT_EXEC_NOT_EXECUTABLE, RKT_EXEC_WRONG_ARCHITECTURE, RKT_EXEC_INTERPRETER_MISSING, RKT_FILE_LEASED
 */
export const checkProgram = (root: Fd, file: Fd, path: string, runner: Runner, depth = 0): void => {
  const stat = fstatSync(file.number);
  if (!stat.isFile()) throw execNotExecutable(path, 'not a regular file');
  if (!mayExecute(stat, runner)) {
    throw execNotExecutable(
      path,
      `no execute permission for user ${runner.uid} (mode ${(stat.mode & 0o7777).toString(8)})`,
    );
  }
  using content = reopenToRead(file, path);
  const head = readAt(content.number, 0, LINE);
  const interpreter = scriptInterpreter(head, path) ?? elfInterpreter(content, head, path);
  if (interpreter === undefined) return;
  if (depth === MAX_DEPTH) throw execInterpreterMissing(path, interpreter, 'is one interpreter too many');
  using next = openInterpreter(root, path, interpreter, runner);
  checkProgram(root, next, interpreter, runner, depth + 1);
};

/** The loader that an ELF file names, opened by `O_PATH`; `undefined` for what is static or no ELF file. @throws RKT_EXEC_WRONG_ARCHITECTURE, RKT_EXEC_NOT_EXECUTABLE */
export const interpreterOf = (file: Fd, path: string): string | undefined => {
  using content = reopenToRead(file, path);
  const head = readAt(content.number, 0, LINE);
  return parseElf(head.subarray(0, ELF_HEADER)) === undefined ? undefined : elfInterpreter(content, head, path);
};

const openInterpreter = (root: Fd, path: string, interpreter: string, runner: Runner): Fd => {
  try {
    const file = openInRoot(root, absolute(interpreter, runner.cwd), O_PATH);
    if (!mayReach(root, absolute(interpreter, runner.cwd), runner)) {
      file.close();
      throw execInterpreterMissing(path, interpreter, `is in a directory that user ${runner.uid} may not enter`);
    }
    return file;
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    throw execInterpreterMissing(path, interpreter, error.code === 'ENOENT' ? 'does not exist' : `is ${error.code}`);
  }
};

const scriptInterpreter = (head: Buffer, path: string): string | undefined => {
  if (head.toString('latin1', 0, 2) !== '#!') return undefined;
  const interpreter = parseInterpreterLine(head);
  if (interpreter === undefined) throw execNotExecutable(path, '"#!" without a program');
  return interpreter;
};

const elfInterpreter = (file: Fd, head: Buffer, path: string): string | undefined => {
  const elf = parseElf(head.subarray(0, ELF_HEADER));
  if (elf === undefined) throw execNotExecutable(path, 'neither an ELF file nor a script that begins with "#!"');
  const architecture = elfArchitecture(elf);
  if (architecture !== NATIVE) throw execWrongArchitecture(path, architecture, NATIVE);
  const {offset, entrySize, entries} = elf.table;
  if (entrySize * entries > MAX_TABLE) throw execNotExecutable(path, 'its ELF header is damaged');
  const [found] = segmentsOf(readAt(file.number, offset, entrySize * entries), entrySize, PT_INTERP);
  if (found === undefined) return undefined;
  if (found.length > MAX_PATH) throw execNotExecutable(path, 'its ELF header is damaged');
  const [interpreter = ''] = readAt(file.number, found.offset, found.length).toString('utf8').split('\0', 1);
  return interpreter;
};
