import {syscall} from './libc.ts';

/** Sets the host name of this uts namespace. */
export const setHostname = (name: string): void => {
  const bytes = Buffer.from(name);
  syscall('sethostname', [bytes, bytes.length], name);
};
