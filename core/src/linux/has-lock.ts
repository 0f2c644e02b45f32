import {fstatSync, readFileSync} from 'node:fs';
import type {Fd} from './fd.ts';
import {mountId} from './mount-id.ts';
import {readMountinfo} from './mountinfo.ts';

/** `1: FLOCK  ADVISORY  WRITE 123 fe:01:4711 0 EOF`; of one that waits, `->` comes before the kind. */
const EXCLUSIVE = /^\d+: FLOCK +ADVISORY +WRITE +\S+ ([0-9a-f]+:[0-9a-f]+:\d+) /gm;

/** Whether somebody has an exclusive lock (flock(2)) on a file, which need not be one that can be locked from here (O_PATH). */
export const hasLock = (file: Fd): boolean => {
  const id = mountId(file);
  // What `stat` says of the file system is another number on btrfs.
  const device = readMountinfo().find((mount) => mount.id === id)?.device;
  if (device === undefined) throw new Error(`no mount ${id} in mountinfo`);
  const [major, minor] = device.split(':').map((number) => Number(number).toString(16).padStart(2, '0'));
  const name = `${major}:${minor}:${fstatSync(file.number, {bigint: true}).ino}`;
  return readFileSync('/proc/locks', 'latin1')
    .matchAll(EXCLUSIVE)
    .some(([, locked]) => locked === name);
};
