import {mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import type {ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* What keeps an app from starting is found before anything starts: one error, and the exit status that a shell would give. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));

const program = (content: string | Buffer, mode = 0o755) => ({files: {'/opt/program': {content, mode}}});
/** The first bytes of a program of a machine that this is not: 64 bit, little endian, s390. */
const foreign = Buffer.alloc(128);
foreign.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 22, 0]);

interface Failure {
  readonly image: ImageSpec;
  readonly status: number;
  readonly code: string;
}
const app = (more: Readonly<Record<string, unknown>> = {}) => ({app: {exec: ['/opt/program'], ...more}});
const failures: Readonly<Record<string, Failure>> = {
  'a missing program': {image: app(), status: 127, code: 'RKT_EXEC_NOT_FOUND'},
  'a program that is in no directory of the PATH': {
    image: app({exec: ['no-such-program']}),
    status: 127,
    code: 'RKT_EXEC_NOT_FOUND',
  },
  'a program of another architecture': {
    image: {...app(), ...program(foreign)},
    status: 126,
    code: 'RKT_EXEC_WRONG_ARCHITECTURE',
  },
  'a missing interpreter': {
    image: {...app(), ...program('#!/no/such/interpreter\n')},
    status: 127,
    code: 'RKT_EXEC_INTERPRETER_MISSING',
  },
  'a program without permission to execute it': {
    image: {...app(), ...program('#!/bin/sh\n', 0o644)},
    status: 126,
    code: 'RKT_EXEC_NOT_EXECUTABLE',
  },
  'a program that only another user may execute': {
    image: {...app({user: '12', group: '34'}), ...program('#!/bin/sh\n', 0o700)},
    status: 126,
    code: 'RKT_EXEC_NOT_EXECUTABLE',
  },
  'a program that is a directory': {
    image: {...app(), files: {'/opt/program': {directory: true}}},
    status: 126,
    code: 'RKT_EXEC_NOT_EXECUTABLE',
  },
  'a text that is no program': {
    image: {...app(), ...program('hello\n')},
    status: 126,
    code: 'RKT_EXEC_NOT_EXECUTABLE',
  },
  'a missing working directory': {
    image: {...app({workingDirectory: '/no/such'}), ...program('#!/bin/sh\n')},
    status: 254,
    code: 'RKT_WORKING_DIRECTORY_MISSING',
  },
  'an unknown user': {
    image: {...app({user: 'nobody-here'}), ...program('#!/bin/sh\n')},
    status: 254,
    code: 'RKT_USER_UNKNOWN',
  },
  'an unknown group': {
    image: {...app({group: 'nobody-here'}), ...program('#!/bin/sh\n')},
    status: 254,
    code: 'RKT_GROUP_UNKNOWN',
  },
};

for (const [what, {image, status, code}] of Object.entries(failures)) {
  kernelTest(`IM-15 IM-16 IM-19 ${what}: ${code}, ${status}`, async (t) => {
    const {exitCode, error, stdout, stderr} = await host.run(image, {stage1: 'nspawn'});
    t.deepEqual([exitCode, error?.code, stdout], [status, code, '']);
    // One sentence, which says what to do.
    t.is(stderr.trim().split('\n').length, 1, stderr);
    t.truthy(error?.hint);
  });
}

kernelTest('one app that cannot start keeps the others from being started', async (t) => {
  const image = await host.fetch();
  const {exitCode, error, stdout} = await host.rkt([
    ...['--format=json', 'run', '--stage1=nspawn', image, '--name=good', '--exec=/bin/echo', '--', 'started'],
    ...['---', image, '--name=bad', '--exec=/no/such'],
  ]);
  t.deepEqual([exitCode, error?.code, stdout], [127, 'RKT_EXEC_NOT_FOUND', '']);
});

const volumeWith = (name: string): string => {
  const directory = path.join(host.directory, `tools-${name}`);
  mkdirSync(directory);
  writeFileSync(path.join(directory, name), '#!/bin/sh\necho "$0 $*"\n', {mode: 0o755});
  return directory;
};

kernelTest('IM-15 a program that only a volume has is found in the PATH', async (t) => {
  const {stdout, stderr} = await host.run(
    {app: {exec: ['tool', 'a b'], environment: [{name: 'PATH', value: '/bin:/tools'}]}},
    {
      stage1: 'nspawn',
      pod: [`--volume=tools,kind=host,source=${volumeWith('tool')}`],
      app: ['--mount=volume=tools,target=/tools'],
    },
  );
  t.is(stdout, '/tools/tool a b\n', stderr);
});

kernelTest('IM-15 what a volume covers is not found', async (t) => {
  const {exitCode, error} = await host.run(
    {app: {exec: ['cover', 'x'], environment: [{name: 'PATH', value: '/opt'}]}, files: {'/opt/cover': '#!/bin/sh\n'}},
    {
      stage1: 'nspawn',
      pod: [`--volume=tools,kind=host,source=${volumeWith('other')}`],
      app: ['--mount=volume=tools,target=/opt'],
    },
  );
  t.deepEqual([exitCode, error?.code], [127, 'RKT_EXEC_NOT_FOUND']);
});
