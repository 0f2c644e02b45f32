import {chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import test from 'ava';
import {atomicWrite} from '../../src/linux/atomic-write.ts';

const temporary = (t: {teardown: (f: () => void) => void}): string => {
  const directory = mkdtempSync(join(tmpdir(), 'rkt-atomic-'));
  t.teardown(() => rmSync(directory, {recursive: true, force: true}));
  return directory;
};

test('a file is replaced as a whole, with exactly the permissions asked for', (t) => {
  const directory = temporary(t);
  const file = join(directory, 'state');
  writeFileSync(file, 'a much longer old content');
  chmodSync(file, 0o777);
  atomicWrite(file, 'new', 0o666);
  t.is(readFileSync(file, 'utf8'), 'new');
  t.is(statSync(file).mode & 0o7777, 0o666);
  t.deepEqual(readdirSync(directory), ['state']);
});

test('what cannot be put in place leaves the old and nothing else', (t) => {
  const directory = temporary(t);
  mkdirSync(join(directory, 'state', 'inside'), {recursive: true});
  t.throws(() => atomicWrite(join(directory, 'state'), 'new'));
  t.deepEqual(readdirSync(directory), ['state']);
});
