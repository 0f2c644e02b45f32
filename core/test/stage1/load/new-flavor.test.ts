import fs, {mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync} from 'node:fs';
import {syncBuiltinESMExports} from 'node:module';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {RktError} from '../../../src/rkt-error.ts';
import {newFlavor} from '../../../src/stage1/load/new-flavor.ts';

const place = (t: ExecutionContext): string => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-new-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  return directory;
};

test('a new flavor is there whole, and nothing beside it', (t) => {
  const parent = place(t);
  t.is(newFlavor('mine', parent), path.join(parent, 'mine'));
  t.deepEqual(readdirSync(parent), ['mine']);
  t.is(JSON.parse(readFileSync(path.join(parent, 'mine/package.json'), 'utf8')).name, 'rkt-flavor-mine');
});

test('a flavor whose place is taken meanwhile leaves nothing, and what is there stays', (t) => {
  const parent = place(t);
  // Not there for who follows it, and in the way of who makes it.
  symlinkSync('nowhere', path.join(parent, 'mine'));
  const error = t.throws(() => newFlavor('mine', parent), {instanceOf: RktError});
  t.is(error?.code, 'RKT_FLAVOR_DIRECTORY_EXISTS');
  t.deepEqual(readdirSync(parent), ['mine']);
});

test.serial('S05 whoever renames what a new flavor is made in gets no file to another place', (t) => {
  const [parent, elsewhere] = [place(t), place(t)];
  mkdirSync(path.join(elsewhere, 'src'));
  const {writeFileSync} = fs;
  t.teardown(() => {
    fs.writeFileSync = writeFileSync;
    syncBuiltinESMExports();
  });
  fs.writeFileSync = ((...given: Parameters<typeof writeFileSync>) => {
    const [name = ''] = readdirSync(parent).filter((each) => each !== 'moved');
    if (!readdirSync(parent).includes('moved')) {
      renameSync(path.join(parent, name), path.join(parent, 'moved'));
      symlinkSync(elsewhere, path.join(parent, name));
    }
    writeFileSync(...given);
  }) as typeof writeFileSync;
  syncBuiltinESMExports();
  newFlavor('mine', parent);
  t.deepEqual(readdirSync(elsewhere, {recursive: true}), ['src']);
  t.true(readdirSync(path.join(parent, 'mine')).includes('package.json'));
});
