import {mkdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage, type ImageSpec} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {awaitTold, tell} from './support/scripts.ts';

/* Volumes that several apps of a pod have. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));

const app = (name: string, script: string, flags: readonly string[], image: ImageSpec = {}): string[] => [
  ...[buildImage(image), `--name=${name}`, ...flags, '--exec=/bin/sh', '--', '-c', script],
];
const run = (flags: readonly string[], ...apps: readonly string[][]) =>
  host.rkt([
    ...['--format=json', '--insecure-options=image', 'run', '--stage1=nspawn', ...flags],
    ...apps.flatMap((words, index) => (index === 0 ? words : ['---', ...words])),
  ]);

kernelTest('PO-02 apps share a volume, each where it has it and as it may', async (t) => {
  const source = path.join(host.directory, 'shared');
  mkdirSync(source);
  const {stdout, exitCode, stderr} = await run(
    [`--volume=data,kind=host,source=${source}`],
    app('writer', `echo written >/out/file; ${awaitTold('read')}`, ['--mount=volume=data,target=/out']),
    app(
      'reader',
      `until [ -s /in/file ]; do sleep 0.1; done; cat /in/file; [ ! -e /out ]; echo x >/in/x; echo $?; ${tell('read')}`,
      [],
      {
        app: {mountPoints: [{name: 'data', path: '/in', readOnly: true}]},
      },
    ),
  );
  t.deepEqual([exitCode, stdout], [0, 'written\n1\n'], stderr);
  t.is(readFileSync(path.join(source, 'file'), 'utf8'), 'written\n');
});

kernelTest('PO-11 a volume of two docker images begins with what the first has', async (t) => {
  const image = (content: string): ImageSpec => ({
    files: {'/data/file': `${content}\n`},
    manifest: {annotations: [{name: 'appc.io/docker/repository', value: 'library/test'}]},
  });
  const flags = ['--mount=volume=data,target=/data'];
  const {stdout, exitCode, stderr} = await run(
    ['--volume=data,kind=empty'],
    app('first', 'true', flags, image('first')),
    app('second', 'cat /data/file', flags, image('second')),
  );
  t.deepEqual([exitCode, stdout], [0, 'first\n'], stderr);
});
