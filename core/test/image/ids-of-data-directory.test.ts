import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {HostPath} from '../../src/contract/names.ts';
import {covers, idsOfDataDirectory, rememberIds} from '../../src/image/ids-of-data-directory.ts';

const range = (first: number, count: number) => ({first, count});

test('ids that files may have are remembered, the last ones, and nothing else is left', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-ids-')) as HostPath;
  t.teardown(() => rmSync(directory, {recursive: true}));
  t.is(idsOfDataDirectory(directory), undefined);
  const ids = {users: range(100_000, 65_535), groups: range(200_000, 10)};
  rememberIds(directory, {...ids, groups: range(200_000, 5)});
  rememberIds(directory, ids);
  t.deepEqual(idsOfDataDirectory(directory), ids);
  t.is(readdirSync(directory).length, 1);
});

test('the same ids from 1 on, or more of them, are enough, for users and for groups', (t) => {
  const ids = {users: range(100_000, 10), groups: range(200_000, 10)};
  t.true(covers(ids, ids));
  t.true(covers({users: range(100_000, 11), groups: range(200_000, 12)}, ids));
  for (const users of [range(100_000, 9), range(99_999, 11), range(100_001, 10)]) {
    t.false(covers({...ids, users}, ids));
    t.false(covers({...ids, groups: {...users, first: users.first + 100_000}}, ids));
  }
});
