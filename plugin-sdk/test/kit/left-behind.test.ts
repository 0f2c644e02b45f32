import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {snapshot} from '../../src/kit/left-behind.ts';

test('of a tree that others have, too, only what names one of the pods is left behind', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-left-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const [ours, theirs] = ['of-this-test', 'of-another'];
  for (const pod of [ours, theirs]) {
    mkdirSync(path.join(directory, pod));
    writeFileSync(path.join(directory, pod, 'file'), 'x');
  }
  const {files} = snapshot({directories: [], pods: new Set([ours]), among: [directory]});
  t.deepEqual(
    files.map((line) => path.relative(directory, line.split(' ')[0] ?? '')),
    [ours, `${ours}/file`],
  );
});
