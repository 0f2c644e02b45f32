import {mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs';
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
