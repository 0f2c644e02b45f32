import {chmodSync, copyFileSync, mkdirSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {fillStage1Image} from '../../src/artifact/fill-stage1-image.ts';
import {scratch} from '../pod/helpers.ts';

test('S21 what comes with a flavor is executed by everybody; machine code is read by root alone, a script by whoever interprets it', async (t) => {
  const directory = scratch(t);
  const [source, tree] = [join(directory, 'flavor'), join(directory, 'tree')];
  for (const path of [source, tree]) mkdirSync(path);
  writeFileSync(join(source, 'package.json'), '{}');
  writeFileSync(join(source, 'script'), '#!/bin/sh\n');
  copyFileSync('/bin/true', join(source, 'program'));
  for (const name of ['script', 'program']) chmodSync(join(source, name), 0o600);
  const ownFiles = ['script', 'program'].map((from) => ({from, to: `/usr/lib/${from}`}));
  const stage1Image = {directories: [], programs: [], ownFiles};
  await fillStage1Image(tree, {stage1Image}, {programs: {}}, join(source, 'index.js'), directory);
  const mode = (name: string): number => statSync(join(tree, 'usr/lib', name)).mode & 0o7777;
  t.deepEqual([mode('script'), mode('program')], [0o755, 0o711]);
});
