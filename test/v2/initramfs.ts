import {readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {type CpioEntry, cpio} from './cpio.ts';
import type {GuestImage} from './guest-image.ts';

const GUEST = path.join(import.meta.dirname, 'guest');

const read = (name: string) => readFileSync(path.join(GUEST, name));

/**
 * What the kernel starts: it mounts the disks, adds the files of this run to the guest's root directory and has systemd go on there.
 * @param words arguments of test/run.ts
 */
export const initramfs = ({modules, busybox}: GuestImage, words: readonly string[]): Buffer => {
  const entries: CpioEntry[] = [
    ...['bin', 'dev', 'files', 'modules', 'proc', 'root', 'sys'].map((name) => ({name})),
    {name: 'init', content: read('init'), mode: 0o755},
    {name: 'bin/busybox', content: readFileSync(busybox), mode: 0o755},
    ...modules.map((file) => ({name: `modules/${path.basename(file)}`, content: readFileSync(file)})),
    ...readdirSync(GUEST)
      .filter((name) => name !== 'init')
      .map((name) => ({name: `files/${name}`, content: read(name)})),
    {name: 'files/arguments', content: words.map((word) => `${word}\n`).join('')},
  ];
  return cpio(entries);
};
