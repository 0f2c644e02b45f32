import {fstatSync} from 'node:fs';
import type {Fd} from '../../linux/fd.ts';

/** Up to where a file can be read. An app can make its log look longer than any number that can be counted with. */
export const readableSize = (file: Fd): number => Math.min(fstatSync(file.number).size, Number.MAX_SAFE_INTEGER);
