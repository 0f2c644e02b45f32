import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {buildImage, type Entry} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* A flavor that is a program in an image, and so comes and is verified as any image is. */

const host = openHost();
test.after.always(() => host.close());
const podTest = testIf(lacksPods('program/python3'));

const source = readFileSync(path.join(root, 'examples/python/flavor.py'), 'utf8');
const imageOf = (
  content: string | Buffer,
  {name = 'jail', at = '/bin/flavor', files = {}}: {name?: string; at?: string; files?: Record<string, Entry>} = {},
) =>
  buildImage({
    name: `example.com/flavors/${name}`,
    bare: true,
    app: null,
    files: {'/bin/flavor': {content, mode: 0o755}, ...files},
    manifest: {annotations: [{name: 'rkt/stage1/program', value: at}]},
  });
const flavor = imageOf(source);

podTest('a flavor in an image runs pods by file, hash and name: enter, verify, stop, gc', async (t) => {
  const id = await host.fetch(flavor);
  for (const stage1 of [flavor, id, 'example.com/flavors/jail']) {
    const ran = await host.sh('echo out; exit 7', {stage1});
    t.like(ran, {exitCode: 7, stdout: 'out\n'}, ran.stderr);
  }
  const {uuid, ended} = await host.start('echo ready; cat', {stage1: id});
  t.is((await host.enter(uuid, 'exit 3')).exitCode, 3);
  const verified = await host.rkt(['status', '--verify', uuid]);
  t.is(verified.exitCode, 0, verified.stdout + verified.stderr);
  t.regex(verified.stdout, /^flavor=jail$/m);
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  await ended;
  t.is((await host.rkt(['rm', uuid])).exitCode, 0);
});

podTest('a flavor in an image is shown, examined and tried by its ID and its name', async (t) => {
  const id = await host.fetch(flavor);
  for (const name of [id, 'example.com/flavors/jail']) {
    const shown = JSON.parse((await host.rkt(['--format=json', 'flavor', 'show', name])).stdout);
    t.like(shown, {name: 'jail', source: id, digest: id});
    const features = await host.rkt(['flavor', 'show', name, '--format=oci-features']);
    t.true('linux' in JSON.parse(features.stdout), features.stderr);
    const doctor = await host.rkt(['--format=json', 'flavor', 'doctor', name]);
    t.like(JSON.parse(doctor.stdout), [{flavor: 'jail', usable: true}]);
  }
  const cases = await host.rkt(['--format=json', 'flavor', 'test', 'example.com/flavors/jail', '--case=run/over']);
  t.is(cases.exitCode, 0, cases.stderr);
  t.like(JSON.parse(cases.stdout), {flavor: {name: 'jail'}, passed: 1, failed: 0});
  const unknown = await host.rkt(['--format=json', 'flavor', 'show', 'example.com/flavors/nowhere']);
  t.is(unknown.error?.code, 'RKT_FLAVOR_NOT_FOUND');
});

podTest('a prepared pod keeps the flavor of its image, whatever has its name later', async (t) => {
  await host.fetch(imageOf(source, {name: 'kept'}));
  const prepared = await host.rkt([
    ...['--insecure-options=image', 'prepare', '--stage1=example.com/flavors/kept', buildImage()],
    ...['--exec=/bin/sh', '--', '-c', 'exit 4'],
  ]);
  t.is(prepared.exitCode, 0, prepared.stderr);
  await host.fetch(imageOf('#!/bin/sh\nexit 1\n', {name: 'kept'}));
  const uuid = prepared.stdout.trim();
  // Another plan is asked for: it is the image's flavor that makes it.
  const ran = await host.rkt(['run-prepared', '--dns=192.0.2.1', uuid]);
  t.is(ran.exitCode, 4, ran.stderr);
});

podTest('S36 an image without such a program is refused, and so is one that answers nothing', async (t) => {
  for (const [image, problem] of [
    [imageOf(source, {name: 'none', at: '/bin/none'}), /no program in it/],
    [imageOf(source, {name: 'none', at: 'bin/flavor'}), /no program in it/],
    [
      imageOf(source, {name: 'none', at: '/bin/host', files: {'/bin/host': {symlink: '/usr/bin/python3'}}}),
      /no program in it/,
    ],
    [
      imageOf(source, {name: 'none', at: '/bin/x.cjs', files: {'/bin/x.cjs': {content: '', mode: 0o755}}}),
      /JavaScript/,
    ],
    // Not with the loader of the host either.
    [imageOf(readFileSync('/bin/true'), {name: 'none'}), /has to be static/],
  ] as const) {
    const {exitCode, error} = await host.sh('true', {stage1: image});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_STAGE1_IMAGE_INVALID']);
    t.regex(String(error?.fields.problem), problem);
  }
  const {exitCode, error} = await host.sh('true', {stage1: imageOf('#!/bin/sh\nexit 1\n', {name: 'none'})});
  t.deepEqual([exitCode, error?.code], [254, 'RKT_FLAVOR_FAILED']);
});

podTest('S36 it is verified like any image, and what cannot be fetched is not', async (t) => {
  const unverified = await host.rkt(['--format=json', 'run', `--stage1-path=${flavor}`, buildImage()]);
  t.is(unverified.error?.code, 'RKT_IMAGE_UNSIGNED');
  for (const scheme of ['http', 'https', 'docker']) {
    const url = `${scheme}://registry.example.com/flavor.aci`;
    const {error, exitCode} = await host.rkt(['--format=json', 'run', `--stage1-url=${url}`, buildImage()]);
    t.deepEqual([exitCode, error?.code, error?.fields], [254, 'RKT_IMAGE_SOURCE_UNSUPPORTED', {image: url, scheme}]);
  }
});
