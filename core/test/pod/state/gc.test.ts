import {chmodSync, statSync} from 'node:fs';
import test from 'ava';
import {gc} from '../../../src/pod/state/gc.ts';
import {podDirectory} from '../../../src/pod/state/layout.ts';
import type {PodDirectory} from '../../../src/pod/state/states.ts';
import {dataDirectory, uuidOf} from '../helpers.ts';

const HOUR = 3_600_000;

/** Calls with the clock set to another time. */
const at = <T>(now: number, call: () => T): T => {
  const {now: real} = Date;
  Date.now = () => now;
  try {
    return call();
  } finally {
    Date.now = real;
  }
};

test.serial('a pod that has come where it is when the clock was ahead waits from when gc first sees it', (t) => {
  const uuid = uuidOf('a');
  for (const directory of ['exited-garbage', 'prepared'] satisfies PodDirectory[]) {
    const dataDir = dataDirectory(t, {[uuid]: directory});
    const pod = podDirectory(dataDir, directory, uuid);
    chmodSync(pod, 0o2750);
    const was = statSync(pod);
    const collect = (dryRun: boolean) =>
      gc(dataDir, {gracePeriod: HOUR, expirePrepared: HOUR, markOnly: false, dryRun}).map(({action}) => action);
    // Until the kernel's clock has ticked.
    while (statSync(dataDir).ctimeMs <= was.ctimeMs) chmodSync(dataDir, 0o700);

    t.deepEqual(
      at(was.ctimeMs - 24 * HOUR, () => collect(true)),
      ['keep'],
    );
    t.is(statSync(pod).ctimeMs, was.ctimeMs);
    t.deepEqual(
      at(was.ctimeMs - 24 * HOUR, () => collect(false)),
      ['keep'],
    );
    const {ctimeMs: anew, mode, mtimeMs} = statSync(pod);
    t.true(anew > was.ctimeMs);
    t.deepEqual({mode, mtimeMs}, {mode: was.mode, mtimeMs: was.mtimeMs});
    t.deepEqual(
      at(anew + HOUR - 1000, () => collect(false)),
      ['keep'],
    );
    t.true(['remove', 'discard'].includes(at(anew + HOUR, () => collect(false))[0] ?? ''));
  }
});
