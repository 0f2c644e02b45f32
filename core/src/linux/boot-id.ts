import {readFileSync} from 'node:fs';

let boot: string | undefined;

/** Identifies this boot of the kernel. */
export const bootId = (): string => {
  boot ??= readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  return boot;
};
