import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {HostPath} from '../../../src/contract/index.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {fromDirectory} from '../../../src/stage1/choice/from-directory.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'rkt-from-directory-')) as HostPath;
test.after.always(() => rmSync(directory, {recursive: true}));
writeFileSync(path.join(directory, 'stage1-coreos.aci'), '');

test('a file of the directory is that file, whatever rkt calls it', (t) => {
  t.is(fromDirectory('stage1-from-dir:stage1-coreos.aci', directory), `${directory}/stage1-coreos.aci`);
});

test("what is not there is one of rkt's own by its name, or nothing", (t) => {
  t.is(fromDirectory('stage1-from-dir:stage1-fly.aci', directory), 'coreos.com/rkt/stage1-fly');
  t.is(fromDirectory('stage1-from-dir:stage1-fly.aci', undefined), 'coreos.com/rkt/stage1-fly');
  for (const configured of [directory, undefined]) {
    const error = t.throws(() => fromDirectory('stage1-from-dir:mine.aci', configured), {instanceOf: RktError});
    t.is(error.code, 'RKT_FLAVOR_NOT_FOUND');
  }
});

test('any other selection means itself', (t) => {
  for (const selection of ['fly', './x.aci', 'sha512-00']) t.is(fromDirectory(selection, directory), selection);
});
