import {writeSync} from 'node:fs';
import {Fd} from './fd.ts';
import {cString, syscall} from './libc.ts';

const MFD_CLOEXEC = 1;

/** A file in memory that nobody else can open by a path. It ends with its last descriptor. */
export const memoryFile = (name: string, content: string): Fd => {
  const file = new Fd(syscall('memfd_create', [cString(name), MFD_CLOEXEC], name));
  const bytes = Buffer.from(content);
  // By position, so that whoever inherits the descriptor reads from the start.
  for (let done = 0; done < bytes.length; ) done += writeSync(file.number, bytes, done, bytes.length - done, done);
  return file;
};
