import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {ownDirectoryIn} from '../../../src/linux/scratch-directory.ts';
import {builtFixture} from '../executor/built-fixture.ts';

const FIXTURE = new URL('fixtures/clean-while-filled.ts', import.meta.url);

testIf(lacks('root'))('what a program of a killed process still fills keeps nobody, and is for the next', (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'rkt-own-'));
  t.teardown(() => rmSync(place, {recursive: true, force: true}));
  const made = ownDirectoryIn(place, 'work-');
  const prefix = made.path.slice(0, -6);
  made[Symbol.dispose]();
  const left = `${prefix}AAAAAA`;
  mkdirSync(`${left}/deep`, {recursive: true});
  writeFileSync(`${left}/deep/file`, 'x');
  const own = execFileSync(process.execPath, [...builtFixture(FIXTURE), place], {encoding: 'utf8'});
  t.deepEqual(readdirSync(place).sort(), [left, own].map((file) => path.basename(file)).sort());
  using next = ownDirectoryIn(place, 'work-');
  t.deepEqual(readdirSync(place), [path.basename(next.path)]);
});
