import {execPath} from 'node:process';
import type {Case} from './measure.ts';

/** An empty program on the pinned Node: what no command of rkt can be faster than. */
export const floor: Case = {name: 'node -e 0 (floor)', command: [execPath, '-e', '0']};
