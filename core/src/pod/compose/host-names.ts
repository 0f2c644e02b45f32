import {closeSync, openSync, readSync} from 'node:fs';
import {isErrno} from '../../linux/syscall-error.ts';
import type {HostNames} from './dns.ts';

/** As much as a step may write. */
const MAX_BYTES = 1024 * 1024;

const read = (path: string): string => {
  try {
    const file = openSync(path, 'r');
    try {
      const buffer = Buffer.alloc(MAX_BYTES);
      return buffer.toString('utf8', 0, readSync(file, buffer, 0, MAX_BYTES, 0));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return '';
    throw error;
  }
};

/** The files and the name of this host. */
export const hostNames: HostNames = {
  resolvConf: () => read('/etc/resolv.conf'),
  hosts: () => read('/etc/hosts'),
  hostname: () => read('/proc/sys/kernel/hostname').trimEnd(),
};
