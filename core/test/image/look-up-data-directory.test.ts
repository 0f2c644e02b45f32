import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {HostPath} from '../../src/contract/names.ts';
import {lookUpDataDirectory} from '../../src/image/look-up-data-directory.ts';
import {makeBelow} from '../../src/image/make-below.ts';

/* S11 What is in a data directory says what runs as whom: nobody else can have put it there. */

const OTHER = 1234;
const rootTest = process.geteuid?.() === 0 ? test : test.skip;

/** A data directory with what is usual in one, below a directory of this user. */
const scratch = (t: ExecutionContext) => {
  const top = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-data-')));
  t.teardown(() => rmSync(top, {recursive: true}));
  const data = path.join(top, 'above/data') as HostPath;
  mkdirSync(path.join(data, 'pods/run'), {recursive: true, mode: 0o750});
  mkdirSync(path.join(data, 'cas'));
  return {top, data, above: path.dirname(data), cas: path.join(data, 'cas')};
};

const refused = (t: ExecutionContext, dataDir: string, code: string, fields: object): void => {
  const error = t.throws(() => lookUpDataDirectory(dataDir as HostPath)) as {code?: string; hint?: string};
  t.like(error, {code, fields: {dataDir, ...fields}});
};

test('one of this user, in directories of this user and root, is taken by its real path', (t) => {
  const {top, data} = scratch(t);
  t.deepEqual(lookUpDataDirectory(data), {path: data, is: 'own'});
  symlinkSync('above/../above', path.join(top, 'link'));
  t.deepEqual(lookUpDataDirectory(path.join(top, 'link/data') as HostPath), {path: data, is: 'own'});
  t.deepEqual(lookUpDataDirectory(path.join(top, 'link/more/data') as HostPath), {
    path: path.join(top, 'above/more/data') as HostPath,
    is: 'missing',
  });
});

for (const mode of [0o777, 0o757, 0o1777])
  test(`one of the mode ${mode.toString(8)} is refused, itself and what is in it`, (t) => {
    const {data, cas} = scratch(t);
    chmodSync(cas, mode);
    refused(t, data, 'RKT_DATA_DIRECTORY_WRITABLE', {path: cas, mode: mode.toString(8).padStart(4, '0')});
    chmodSync(data, mode);
    refused(t, data, 'RKT_DATA_DIRECTORY_WRITABLE', {path: data});
  });

test('above it others may make files, but not take it away', (t) => {
  const {data, above} = scratch(t);
  chmodSync(above, 0o1777);
  t.is(lookUpDataDirectory(data).is, 'own');
  chmodSync(above, 0o777);
  refused(t, data, 'RKT_DATA_DIRECTORY_WRITABLE', {path: above, mode: '0777'});
  // Nor is it made there.
  const more = path.join(above, 'more') as HostPath;
  refused(t, more, 'RKT_DATA_DIRECTORY_WRITABLE', {path: above});
});

test('where others could make it, it is told so', (t) => {
  const {above} = scratch(t);
  chmodSync(above, 0o1777);
  const more = path.join(above, 'more/data') as HostPath;
  t.deepEqual(lookUpDataDirectory(more), {path: more, is: 'open'});
});

rootTest('S11 root takes nothing of others: the directory, what is in it, what is above it, what leads to it', (t) => {
  const {top, data, above, cas} = scratch(t);
  const target = path.join(top, 'target');
  mkdirSync(target);
  symlinkSync(target, path.join(data, 'link'));
  symlinkSync('above', path.join(top, 'link'));
  for (const place of [top, above, data, cas, path.join(data, 'link'), target]) {
    lchownSync(place, OTHER, 0);
    refused(t, data, 'RKT_DATA_DIRECTORY_OF_ANOTHER', {path: place, uid: OTHER});
    lchownSync(place, 0, 0);
  }
  t.is(lookUpDataDirectory(data).is, 'own');
  lchownSync(path.join(top, 'link'), OTHER, 0);
  refused(t, path.join(top, 'link/data'), 'RKT_DATA_DIRECTORY_OF_ANOTHER', {path: path.join(top, 'link'), uid: OTHER});
  chmodSync(data, 0o770);
  refused(t, data, 'RKT_DATA_DIRECTORY_WRITABLE', {path: data, mode: '0770'});
});

rootTest('what somebody else has made first is not taken for what was to be made', (t) => {
  const {above} = scratch(t);
  chmodSync(above, 0o1777);
  const data = path.join(above, 'first') as HostPath;
  t.is(lookUpDataDirectory(data).is, 'open');
  mkdirSync(data);
  lchownSync(data, OTHER, 0);
  t.like(
    t.throws(() => makeBelow(data, [[path.join(data, 'pods') as HostPath, false]])),
    {code: 'RKT_DATA_DIRECTORY_OF_ANOTHER', fields: {path: data, uid: OTHER}},
  );
  t.false(existsSync(path.join(data, 'pods')));
});

test('what is made is for nobody else to write to', (t) => {
  const {above} = scratch(t);
  const data = path.join(above, 'a/b') as HostPath;
  makeBelow(data, [[path.join(data, 'pods') as HostPath, false]]);
  for (const place of [path.join(above, 'a'), data, path.join(data, 'pods')])
    t.is(statSync(place).mode & 0o022, 0, place);
});
