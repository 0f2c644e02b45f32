import {Worker} from 'node:worker_threads';
import {EXIT_RKT} from '../../rkt-error.ts';

/** A count that is odd while something is watched, the length of the words, and the time limit; then the words. */
const HEAD = 3;
const WORDS = 16_384;

/**
 * What the thread does: a thread that waits in the kernel cannot be made to return, so it ends the process as a whole. The kernel then gives up locks and
 * mounts as for any other that is killed.
 */
const THREAD = `
const {workerData} = require('node:worker_threads');
const state = new Int32Array(workerData, 0, ${HEAD});
const words = new Uint8Array(workerData, ${4 * HEAD});
for (;;) {
  const count = Atomics.load(state, 0);
  if (Atomics.wait(state, 0, count, count % 2 === 0 ? Infinity : state[2]) !== 'timed-out') continue;
  try {
    require('node:fs').writeSync(2, words.slice(0, state[1]));
  } finally {
    const {DynamicLibrary} = require('node:ffi');
    new DynamicLibrary('libc.so.6').getFunction('_exit', {return: 'void', arguments: ['i32']})(${EXIT_RKT});
  }
}
`;

let shared: SharedArrayBuffer | undefined;

const watch = (): SharedArrayBuffer => {
  const workerData = new SharedArrayBuffer(4 * HEAD + WORDS);
  // With streams of its own: else this process would open its standard streams for it, and leave them in non-blocking mode to the app, which loses what it writes faster than it is read.
  new Worker(THREAD, {eval: true, workerData, env: {}, execArgv: [], stdout: true, stderr: true}).unref();
  return workerData;
};

/** Calls a function. If that takes longer, whatever it waits for, the process says its last words on standard error and ends, as by any other error of rkt. */
export const watched = <T>(lastWords: string, milliseconds: number, call: () => T): T => {
  shared ??= watch();
  const state = new Int32Array(shared, 0, HEAD);
  state[1] = new TextEncoder().encodeInto(lastWords, new Uint8Array(shared, 4 * HEAD)).written;
  state[2] = milliseconds;
  const step = () => {
    Atomics.add(state, 0, 1);
    Atomics.notify(state, 0);
  };
  step();
  try {
    return call();
  } finally {
    step();
  }
};
