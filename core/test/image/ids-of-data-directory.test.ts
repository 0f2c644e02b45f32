import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {HostPath} from '../../src/contract/names.ts';
import {idsOfDataDirectory, rememberIds} from '../../src/image/ids-of-data-directory.ts';

const ids = {users: {first: 100_000, count: 65_536}, groups: {first: 200_000, count: 1000}};

test('a data directory remembers the ids that its files may have, and nothing else is left in it', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-ids-')) as HostPath;
  t.teardown(() => rmSync(directory, {recursive: true}));
  t.is(idsOfDataDirectory(directory), undefined);
  rememberIds(directory, ids);
  rememberIds(directory, {...ids});
  t.deepEqual(idsOfDataDirectory(directory), ids);
  const files = readdirSync(directory);
  t.is(files.length, 1);
  for (const text of [
    '',
    'null',
    '[]',
    '{}',
    '{"users": {"first": 1, "count": 2}}',
    JSON.stringify({...ids, groups: {first: '1', count: 1}}),
  ]) {
    writeFileSync(path.join(directory, files[0] ?? ''), text);
    t.throws(() => idsOfDataDirectory(directory), {code: 'RKT_DATA_DIRECTORY_UNUSABLE'}, text);
  }
});
