import {execLine} from './encode.ts';
import type {Setting, UnitFile} from './unit.ts';

/** The file of a script in the pod's /etc. */
export const scriptFile = (path: string, content: string): UnitFile => ({
  path: path.replace('/etc/', ''),
  content,
  mode: 0o644,
});

/** The value of an ExecStart that has sh run a script. */
export const runScript = (path: string, args: readonly string[], where: string): string =>
  execLine('/bin/sh', ['sh', path, ...args], where);

/** Of a service of rkt's own: it reads nothing, and nobody sees what it writes. */
export const NO_STREAMS: readonly Setting[] = [
  ['StandardInput', 'null'],
  ['StandardOutput', 'null'],
  ['StandardError', 'null'],
];
