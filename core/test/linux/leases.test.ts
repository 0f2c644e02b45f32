import {mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import type {HostPath, RootfsPath} from '../../src/contract/names.ts';
import {listTree} from '../../src/image/build/list-tree.ts';
import {makeEntryChangeable} from '../../src/linux/inode-flags.ts';
import {O_PATH, openEntry, openHost} from '../../src/linux/openat2.ts';
import {checkProgram, interpreterOf, type Runner} from '../../src/linux/program-file.ts';
import {imageTree} from '../../src/pod/compose/image-tree.ts';
import {readMark} from '../../src/pod/state/read-mark.ts';
import type {RktError} from '../../src/rkt-error.ts';
import {scratch} from '../pod/helpers.ts';
import {lease} from './log-deeds.ts';

/* S10: nobody has rkt wait by a lease on a file that it opens. */

const runner: Runner = {
  uid: process.getuid?.() ?? 0,
  gid: process.getgid?.() ?? 0,
  groups: [],
  cwd: '/' as RootfsPath,
  capabilities: {bounding: [], effective: [], ambient: []},
};

/** What opens `file` of a directory, by what it does. */
const refused: Readonly<Record<string, (directory: HostPath) => unknown>> = {
  'checks a program': (directory) => {
    using root = openHost(directory, O_PATH);
    using file = openEntry(root, 'file', O_PATH);
    return checkProgram(root, file, '/file', runner);
  },
  'looks for its interpreter': (directory) => {
    using root = openHost(directory, O_PATH);
    using file = openEntry(root, 'file', O_PATH);
    return interpreterOf(file, '/file');
  },
  'reads a file of an image': (directory) => imageTree([directory]).read('file', 100),
  'lists a tree to pack it': (directory) => {
    using root = openHost(directory, O_PATH);
    return listTree(root);
  },
};

/** The same, where it can do without. */
const passedOver: Readonly<Record<string, (directory: HostPath) => unknown>> = {
  'reads what a supervisor has written': (directory) => readMark(directory, 'file'),
  'makes a file changeable': (directory) => {
    using root = openHost(directory, O_PATH);
    return makeEntryChangeable(root, 'file') || undefined;
  },
};

const leased = (t: Parameters<typeof scratch>[0]): HostPath => {
  const directory = path.join(scratch(t), 'tree') as HostPath;
  mkdirSync(directory);
  const file = path.join(directory, 'file');
  writeFileSync(file, '#!/bin/sh\n', {mode: 0o755});
  lease(t, file);
  return directory;
};

for (const [what, open] of Object.entries(refused)) {
  test.serial(`S10 who ${what} does not wait for a lease, and says so`, (t) => {
    const directory = leased(t);
    const error = t.throws<RktError>(() => open(directory));
    t.is(error?.code, 'RKT_FILE_LEASED');
  });
}

for (const [what, open] of Object.entries(passedOver)) {
  test.serial(`S10 who ${what} does not wait for a lease`, (t) => {
    const directory = leased(t);
    t.is(open(directory), undefined);
  });
}
