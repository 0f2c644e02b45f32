import {chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* S36: neither modules nor programs are looked for where rkt's caller says. */

const host = openHost();
test.after.always(() => host.close());

const sprung = path.join(host.directory, 'sprung');
const trapped = (): string[] => (existsSync(sprung) ? readFileSync(sprung, 'utf8').trim().split('\n') : []);

const MODULES = [
  ...['@rkt/flavor-trap', '@rkt/flavor-lkvm', 'rkt-flavor-trap', '@rkt/core', '@rkt/plugin-sdk'],
  // What rkt loads only when it is needed, and what those load if it happens to be there.
  ...['debug', 'execa', 'yaml', 'zod', 'supports-color', 'node:ffi', 'bufferutil', 'encoding'],
];
const PROGRAMS = [
  ...[
    'bsdcat',
    'bsdtar',
    'cat',
    'env',
    'gpg',
    'gpgv',
    'journalctl',
    'ldd',
    'mount',
    'node',
    'npm',
    'nsenter',
    'prlimit',
    'readlink',
  ],
  ...['setpriv', 'sh', 'systemd-nspawn', 'tar', 'timeout', 'umount', 'unshare', 'zstd'],
];

const trapModules = (directory: string): string => {
  for (const name of MODULES) {
    const place = path.join(directory, name);
    mkdirSync(place, {recursive: true});
    writeFileSync(path.join(place, 'package.json'), JSON.stringify({name, version: '1.0.0', main: 'index.js'}));
    const line = JSON.stringify(`${place}\n`);
    writeFileSync(
      path.join(place, 'index.js'),
      `require('node:fs').appendFileSync(${JSON.stringify(sprung)}, ${line}); module.exports = {};`,
    );
  }
  return directory;
};

const trapPrograms = (directory: string): string => {
  mkdirSync(directory, {recursive: true});
  for (const name of PROGRAMS) {
    const file = path.join(directory, name);
    writeFileSync(file, `#!/bin/sh\necho "${file}" >>"${sprung}"\nexit 1\n`);
    chmodSync(file, 0o755);
  }
  return directory;
};

const place = path.join(host.directory, 'traps');
const home = path.join(place, 'home');
const cwd = path.join(place, 'cwd');
const configured = path.join(place, 'configured/here');
for (const directory of ['.node_modules', '.node_libraries', 'node_modules']) trapModules(path.join(home, directory));
trapModules(path.join(cwd, 'node_modules'));
trapModules(path.join(place, 'configured/node_modules'));
trapPrograms(cwd);
mkdirSync(path.join(configured, 'node_modules/@rkt'), {recursive: true});
symlinkSync(path.join(root, 'flavors/fly'), path.join(configured, 'node_modules/@rkt/flavor-configured'));
mkdirSync(path.join(host.directory, 'etc/paths.d'));
writeFileSync(
  path.join(host.directory, 'etc/paths.d/paths.json'),
  JSON.stringify({rktVersion: 'v1', rktKind: 'paths', 'stage1-images': configured}),
);
const environment = {
  HOME: home,
  NODE_PATH: trapModules(path.join(place, 'node-path')),
  PATH: `.:${trapPrograms(path.join(place, 'bin'))}:/usr/bin:/bin`,
  NODE_COMPILE_CACHE: path.join(place, 'compiled'),
};

/** In the trapped environment; through a symlink, which has to be followed first. */
const link = path.join(place, 'rkt');
const [program, ...first] = host.command();
symlinkSync(program, link);
const trapRkt = async (...args: string[]) => {
  const {stdout, stderr, exitCode} = await execa(link, [...first, ...args], {
    cwd,
    env: environment,
    extendEnv: false,
    reject: false,
    input: '',
  });
  return {stdout, stderr, exitCode};
};

testIf(lacks('built'))('S36 flavors are found in the trees of rkt and in configured ones, nowhere else', async (t) => {
  const list = await trapRkt('flavor', 'list', '--no-legend');
  t.is(list.exitCode, 0, list.stderr);
  t.regex(list.stdout, /^fly\b/m);
  for (const name of ['trap', 'lkvm', 'rkt-flavor-trap', '@rkt/flavor-trap', 'fs', 'node:fs', '@rkt/../trap']) {
    const {stderr, exitCode} = await trapRkt('--format=json', 'flavor', 'show', name);
    t.deepEqual([exitCode, /RKT_FLAVOR_\w+/.exec(stderr)?.[0]], [254, 'RKT_FLAVOR_NOT_FOUND'], `${name}: ${stderr}`);
  }
  const found = await trapRkt('--format=json', 'flavor', 'show', 'configured');
  t.is(found.exitCode, 0, found.stderr);
  t.deepEqual(trapped(), []);
  t.false(existsSync(environment.NODE_COMPILE_CACHE));
});

const ROUND = [
  ['version'],
  ['--debug', 'list'],
  ['config', '--format=yaml'],
  ['image', 'list', '--format=yaml'],
  ['flavor', 'doctor'],
  ['gc', '--grace-period=0s'],
];

for (const flavor of ['fly', 'nspawn'] as const) {
  const needs = flavor === 'fly' ? lacksPods() : lacksPods('program/systemd-nspawn');
  testIf(needs)(`S36 no trap in HOME, NODE_PATH, cwd or PATH runs in a round of commands, ${flavor}`, async (t) => {
    for (const args of ROUND) {
      const {exitCode, stderr} = await trapRkt(...args);
      t.not(exitCode, 254, `${args.join(' ')}: ${stderr}`);
    }
    const image = buildImage({files: {'/wait': {fifo: true}}});
    const options = ['--insecure-options=image', '--debug', 'run', `--stage1=${flavor}`, image];
    const {exitCode, stderr, stdout} = await trapRkt(...options, '--exec=/bin/sh', '--', '-c', 'echo $HOME; echo ran');
    t.is(exitCode, 0, stderr);
    t.true(stdout.includes('ran'), stderr);
    const pod = await host.start('echo ready; read line </wait', {stage1: flavor, image, env: environment, cwd});
    for (const args of [
      ['enter', pod.uuid, '/bin/true'],
      ['status', '--verify', pod.uuid],
      ['stop', '--force', pod.uuid],
    ]) {
      const result = await trapRkt(...args);
      t.is(result.exitCode, 0, `${args.join(' ')}: ${result.stderr}`);
    }
    await pod.ended;
    const exported = await trapRkt('image', 'export', 'example.com/test', path.join(host.directory, `${flavor}.aci`));
    t.is(exported.exitCode, 0, exported.stderr);
    t.deepEqual(trapped(), []);
  });
}

testIf(lacks('root', 'program/unshare'))('S36 no trap in a directory above the installation runs', async (t) => {
  const above = path.join(place, 'above');
  const installed = path.join(above, 'installed');
  mkdirSync(installed, {recursive: true});
  trapModules(path.join(above, 'node_modules'));
  const script = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
  const rkt = path.join(installed, path.relative(root, program));
  for (const args of [
    ['--debug', 'version'],
    ['--debug', 'list'],
    ['config', '--format=yaml'],
    ['flavor', 'list'],
  ]) {
    const {exitCode, stderr} = await execa(
      '/usr/bin/unshare',
      ['--mount', '--propagation=private', '/bin/sh', '-c', script, 'sh', root, installed, rkt, ...first, ...args],
      {env: {DEBUG: '*'}, extendEnv: false, reject: false, input: ''},
    );
    t.is(exitCode, 0, stderr);
  }
  t.deepEqual(trapped(), []);
});

testIf(lacksPods())('S36 an app that inherits the environment of the caller still has all of it', async (t) => {
  const {stdout, stderr} = await trapRkt(
    ...['--insecure-options=image', 'run', '--stage1=fly', '--inherit-env', buildImage()],
    ...['--exec=/bin/sh', '--', '-c', 'echo $HOME:$NODE_PATH'],
  );
  t.is(stdout, `${environment.HOME}:${environment.NODE_PATH}`, stderr);
});
