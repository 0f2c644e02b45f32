import {readFileSync, writeFileSync} from 'node:fs';

/** Writes to a file that the kernel has made; never makes one. */
export const write = (file: string, value: string): void => writeFileSync(file, value, {flag: 'r+'});

export const read = (file: string): string => readFileSync(file, 'utf8').trim();
