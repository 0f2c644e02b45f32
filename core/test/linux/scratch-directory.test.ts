import {existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {ownDirectoryIn} from '../../src/linux/scratch-directory.ts';

test('the next removes what a killed process has left, and nothing else', (t) => {
  const place = mkdtempSync(path.join(tmpdir(), 'rkt-scratch-'));
  t.teardown(() => rmSync(place, {recursive: true, force: true}));
  const living = ownDirectoryIn(place, 'work-');
  const prefix = path.basename(living.path).slice(0, -6);
  // A lock ends with its process.
  mkdirSync(path.join(place, `${prefix}AAAAAA/deep`), {recursive: true});
  writeFileSync(path.join(place, `${prefix}AAAAAA/deep/file`), 'x');
  writeFileSync(path.join(place, `${prefix}BBBBBB`), 'a file');
  symlinkSync('.', path.join(place, `${prefix}CCCCCC`));
  mkdirSync(path.join(place, `${prefix}longer-name`));
  mkdirSync(path.join(place, 'work-other-host-AAAAAA'));
  const own = ownDirectoryIn(place, 'work-');
  const others = [`${prefix}BBBBBB`, `${prefix}CCCCCC`, `${prefix}longer-name`, 'work-other-host-AAAAAA'];
  t.deepEqual(readdirSync(place).sort(), [path.basename(living.path), path.basename(own.path), ...others].sort());
  for (const made of [living, own]) made[Symbol.dispose]();
  t.false(existsSync(own.path));
  t.deepEqual(readdirSync(place).sort(), others.sort());
});
