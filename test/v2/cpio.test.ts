import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {program} from '../runner/packages.ts';
import {skippedTitle} from '../runner/skipped-title.ts';
import {cpio} from './cpio.ts';

test('every entry begins at a multiple of four, and the last one says that it is', (t) => {
  const archive = cpio([{name: 'a'}, {name: 'a/bc', content: 'hello', mode: 0o755}]);
  t.is(archive.length % 4, 0);
  const headers = [...archive.toString('latin1').matchAll(/070701/g)].map(({index}) => index);
  t.is(headers.length, 3);
  t.true(headers.every((index) => index % 4 === 0));
  t.true(archive.toString('latin1').includes('TRAILER!!!'));
});

const bsdtar = program('bsdtar');
const unpacking = bsdtar === undefined ? test.skip : test;
unpacking(bsdtar === undefined ? skippedTitle('unpacks', 'bsdtar is not installed') : 'an archive unpacks', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-cpio-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const input = cpio([{name: 'a'}, {name: 'a/run', content: 'hello', mode: 0o755}, {name: 'empty', content: ''}]);
  t.is(spawnSync(bsdtar ?? '', ['-x', '-f', '-', '-C', directory], {input}).status, 0);
  t.is(readFileSync(path.join(directory, 'a/run'), 'utf8'), 'hello');
  t.is(statSync(path.join(directory, 'a/run')).mode & 0o777, 0o755);
  t.is(readFileSync(path.join(directory, 'empty'), 'utf8'), '');
});
