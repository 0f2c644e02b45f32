import {ftruncateSync, writeSync} from 'node:fs';
import {Fd} from './fd.ts';
import {syscall} from './libc.ts';
import {isErrno} from './syscall-error.ts';

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_SEAL_GROW = 4;
/** Since Linux 6.3, where it may be asked for. */
const MFD_EXEC = 0x10;

/** A file in memory that nobody else can open by a path, to be executed. It ends with its last descriptor. */
export const executableMemoryFile = (name: string, bytes: Buffer): Fd => {
  const file = createExecutable(name);
  // By position, so that whoever inherits the descriptor reads from the start.
  for (let done = 0; done < bytes.length; ) done += writeSync(file.number, bytes, done, bytes.length - done, done);
  return file;
};

/** One of `bytes` zeros, which takes no more than these, whoever writes: EPERM. */
export const fixedMemoryFile = (name: string, bytes: number): Fd => {
  const file = create(name, MFD_ALLOW_SEALING);
  ftruncateSync(file.number, bytes);
  syscall('fcntl', [file.number, F_ADD_SEALS, F_SEAL_GROW], name);
  return file;
};

const create = (name: string, flags: number): Fd => new Fd(syscall('memfd_create', [name, MFD_CLOEXEC | flags], name));

const createExecutable = (name: string): Fd => {
  try {
    return create(name, MFD_EXEC);
  } catch (error) {
    if (!isErrno(error, 'EINVAL')) throw error;
    return create(name, 0);
  }
};
