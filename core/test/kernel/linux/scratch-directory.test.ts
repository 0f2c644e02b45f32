import {chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {hostname, tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {serialTestIf} from '../../../../test/helpers/skip.ts';
import {ownDirectoryIn, scratchDirectory} from '../../../src/linux/scratch-directory.ts';

const needs = lacks('root');
const {TMPDIR} = process.env;
const place = mkdtempSync(path.join(tmpdir(), 'rkt-scratch-'));
test.after.always(() => {
  if (TMPDIR === undefined) delete process.env.TMPDIR;
  else process.env.TMPDIR = TMPDIR;
  rmSync(place, {recursive: true});
});

const make = (name: string, {mode, owner}: {mode: number; owner: number}): string => {
  const directory = path.join(place, name);
  mkdirSync(directory, {recursive: true});
  chmodSync(directory, mode);
  chownSync(directory, owner, owner);
  return directory;
};

/* su(1) leaves the TMPDIR of its caller, which libpam-tmpdir makes one of the caller's own. */
serialTestIf(needs)('S36 root makes no scratch directory where others can put another in its place', (t) => {
  const theirs = make('theirs', {mode: 0o700, owner: 12_345});
  for (const directory of [
    theirs,
    make('theirs/below', {mode: 0o700, owner: 0}),
    make('open', {mode: 0o777, owner: 0}),
  ]) {
    process.env.TMPDIR = directory;
    t.throws(() => scratchDirectory('x-'), {code: 'RKT_SCRATCH_UNUSABLE'}, directory);
    t.deepEqual(
      readdirSync(directory).filter((name) => name.startsWith('x-')),
      [],
    );
  }
  for (const directory of [make('sticky', {mode: 0o1777, owner: 0}), make('own', {mode: 0o755, owner: 0})]) {
    process.env.TMPDIR = directory;
    t.notThrows(() => scratchDirectory('x-')[Symbol.dispose](), directory);
  }
});

serialTestIf(needs)('S20 what somebody has called like what a killed process leaves is not removed', (t) => {
  for (const [name, owner] of [
    ['strangers', 12_345],
    ['roots', 0],
  ] as const) {
    const directory = make(name, {mode: 0o755, owner});
    const prefix = path.join(directory, `x-${hostname().replaceAll(/[^\w.-]/g, '_')}-`);
    mkdirSync(`${prefix}AAAAAA/kept`, {recursive: true});
    ownDirectoryIn(directory, 'x-')[Symbol.dispose]();
    t.is(existsSync(`${prefix}AAAAAA/kept`), owner !== 0, name);
  }
});
