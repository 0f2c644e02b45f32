import {chmodSync, mkdtempSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {until} from '../../../../test/helpers/until.ts';
import type {HostPath} from '../../../src/contract/index.ts';
import {rememberOfFile} from '../../../src/linux/remember-of-file.ts';
import {programVersion} from '../../../src/stage1/facts/program-version.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'rkt-version-'));
test.after.always(() => rmSync(directory, {recursive: true, force: true}));

const script = (name: string, text: string): HostPath => {
  const file = path.join(directory, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file as HostPath;
};

test('the version is the first line, and empty when the program fails', (t) => {
  t.is(programVersion(script('good', 'echo "good 1.2"; echo more')), 'good 1.2');
  t.is(programVersion(script('built', 'printf "built 1.2\\n\\n+SECCOMP -X\\nand\\n"')), 'built 1.2\n+SECCOMP -X');
  t.is(programVersion(script('bad', 'echo "bad 1.2"; exit 1')), '');
});

/** Since when what is found of a file may be kept. */
const settledAt = (file: string): number => Math.floor(statSync(file).ctimeMs) + 20;

test('a version is remembered until the file is another one; that there is none is not', async (t) => {
  const cacheDir = path.join(directory, 'cache');
  const asked = (file: HostPath) =>
    rememberOfFile(file, path.join(cacheDir, `about-${path.basename(file)}`), () => 'asked');
  const file = script('kept', 'echo "kept 1"');
  await until(() => Date.now() >= settledAt(file));
  t.is(programVersion(file, {cacheDir}), 'kept 1');
  t.is(asked(file), 'kept 1');
  script('kept', 'echo "kept 2"');
  t.is(asked(file), 'asked');
  const failing = script('failing', 'exit 1');
  t.is(programVersion(failing, {cacheDir}), '');
  t.is(asked(failing), 'asked');
});

test('what is found of a file that can still be written within the same tick of the clock is not remembered', (t) => {
  const file = script('fresh', 'exit 0');
  const cache = path.join(directory, 'cache/fresh');
  const found = (value: string, milliseconds: number) =>
    rememberOfFile(file, cache, () => value, settledAt(file) + milliseconds);
  t.deepEqual([found('one', -1), found('two', 0), found('three', 0), found('four', -1)], ['one', 'two', 'two', 'two']);
  // One of a clock that was ahead.
  rmSync(cache);
  t.deepEqual([found('one', -3_600_000), found('two', 0)], ['one', 'two']);
});

test('a program that does not answer, nor end when told to, is an error and not a program without a version', (t) => {
  const slow = script(
    'slow',
    `trap '' TERM; echo "slow 1.2"; mkfifo ${directory}/never; read line <${directory}/never`,
  );
  const error = t.throws(() => programVersion(slow, {timeout: 200}), {code: 'RKT_PROGRAM_TIMED_OUT'} as never);
  t.like(error, {fields: {program: slow, milliseconds: 200}});
});
