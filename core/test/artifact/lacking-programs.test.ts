import {mkdtempSync, readdirSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {fillStage1Image} from '../../src/artifact/fill-stage1-image.ts';

test('an image of programs that the host lacks is not begun, and all of them are named, with their packages', async (t) => {
  const tree = mkdtempSync(path.join(tmpdir(), 'rkt-lacking-'));
  t.teardown(() => rmSync(tree, {recursive: true}));
  const stage1Image = {
    directories: ['/dev'],
    programs: ['/bin/sh', '/nowhere/qemu-system-x86_64'],
    machine: {programs: ['/nowhere/crun']} as never, // no more is looked at
  };
  const error = await t.throwsAsync(fillStage1Image(tree, {stage1Image}, {programs: {}}, '/nowhere/index.cjs', tree));
  t.like(error, {
    code: 'RKT_FLAVOR_PROGRAMS_MISSING',
    fields: {programs: ['/nowhere/qemu-system-x86_64', '/nowhere/crun']},
  });
  t.regex((error as {hint?: string}).hint ?? '', /qemu-system-x86 crun$/);
  t.deepEqual(readdirSync(tree), []);
});
