import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {PROBE, parseProbe} from '../helpers/probe.ts';
import {testIf} from '../helpers/skip.ts';

/* Whatever text an image or an operator has for a program, its arguments, variables, paths and users: the app gets that text, and systemd reads none of it. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));
const nspawn = {stage1: 'nspawn'} as const;

const BAITS = [
  '%n %h %% %i',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a bait
  '$HOME ${HOME} $$',
  '; touch /escaped',
  '&& | > `touch /escaped` $(touch /escaped)',
  '\nUser=root\n[Service]\nExecStartPre=+/bin/sh -c "touch /rkt/escaped"\n[Unit]\n',
  '"quoted" \'single\' \\backslash\\n \\x41',
  '  leading and trailing  ',
  'tab\tbell\u0007 escape\u001b[31m',
  'äöü 日本語 \u202e',
  '@-:+! prefixes of systemd',
  '#comment',
  'line that goes on \\',
  '',
];

kernelTest('S15 arguments and variables reach an app as they are', async (t) => {
  const names = BAITS.map((_, index) => `BAIT_${index}`);
  const image = {
    app: {
      exec: ['/bin/sh', '-c', PROBE, ...BAITS],
      environment: BAITS.map((value, index) => ({name: names[index], value})),
    },
  };
  const {stdout, stderr} = await host.run(image, nspawn);
  const {argv, env, status} = parseProbe(stdout);
  t.deepEqual(argv.slice(3), BAITS, stderr);
  t.deepEqual(
    names.map((name) => env[name]),
    BAITS,
  );
  t.is(status.CapBnd, '00000000a80425fb');
});

const PATHS = ['/a%nb', '/a b', '/a;b', '/a$HOME', '/a:b', '/[Service]', '/-+:@!', '/ä#'];

kernelTest('S15 programs, working directories and mounts', async (t) => {
  // Each app writes one line, whole.
  const content = '#!/bin/sh\necho "$(pwd)|$0|$(cat /mnt"$1"/file)"\n';
  const id = await host.fetch({
    files: Object.fromEntries(PATHS.map((directory) => [`${directory}/program`, {content, mode: 0o755}])),
  });
  const app = (directory: string, index: number) => ({
    name: `app${index}`,
    image: {id},
    app: {
      ...{exec: [`${directory}/program`, directory], workingDirectory: directory, user: '0', group: '0'},
      mountPoints: [{name: `data${index}`, path: `/mnt${directory}`}],
    },
    mounts: [{volume: `data${index}`, path: `/mnt${directory}`}],
  });
  const volumes = PATHS.map((directory, index) => {
    const source = path.join(host.directory, `source${directory.slice(1)}`);
    mkdirSync(source);
    writeFileSync(path.join(source, 'file'), `of volume ${index}\n`);
    return {name: `data${index}`, kind: 'host', source, readOnly: true};
  });
  const manifest = host.manifest(id, {}, {apps: PATHS.map(app), volumes});
  const {stdout, stderr, exitCode} = await host.sh('', {...nspawn, manifest});
  t.is(exitCode, 0, stderr);
  t.deepEqual(
    stdout.trim().split('\n').sort(),
    PATHS.map((directory, index) => `${directory}|${directory}/program|of volume ${index}`).sort(),
    stderr,
  );
});

kernelTest('S15 a program whose path systemd cannot take is refused', async (t) => {
  for (const file of ['/a"b', "/a'b", '/a\\b', '/a\nb']) {
    const image = {app: {exec: [file]}, files: {[file]: {content: '#!/bin/sh\necho ran\n', mode: 0o755}}};
    const {exitCode, error, stdout} = await host.run(image, nspawn);
    t.deepEqual([exitCode, error?.code, stdout], [254, 'RKT_UNIT_CHARACTER_REFUSED', ''], file);
  }
});

kernelTest('S15 paths with control characters are refused or taken as they are', async (t) => {
  for (const directory of ['/a\nUser=0', '/a\tb', '/a\u0001']) {
    const image = {
      app: {exec: ['/bin/pwd'], workingDirectory: directory, environment: []},
      files: {[`${directory}/x`]: 'x'},
    };
    const {exitCode, stdout, error} = await host.run(image, nspawn);
    if (exitCode === 0) t.is(stdout, `${directory}\n`);
    else t.regex(error?.code ?? '', /^RKT_UNIT_/);
  }
});

kernelTest('S15 S16 names of users and groups are looked up in the image, whatever they look like', async (t) => {
  const names = ['%u', 'a b', 'us;er', '$HOME', '[Service]', '-x', 'root\\x2f'];
  const lines = (of: (name: string, index: number) => string) => names.map(of).join('\n');
  const id = await host.fetch({
    files: {
      '/etc/passwd': `root:x:0:0::/:\n${lines((name, index) => `${name}:x:${1000 + index}:1:::`)}\n`,
      '/etc/group': `root:x:0:\n${lines((name, index) => `${name}:x:${2000 + index}:`)}\n`,
    },
  });
  const app = (name: string, index: number) => ({
    name: `app${index}`,
    image: {id},
    app: {exec: ['/bin/sh', '-c', 'echo "$0 $(id -u) $(id -g)"', name], user: name, group: name},
  });
  const manifest = host.manifest(id, {}, {apps: names.map(app)});
  const {stdout, stderr, exitCode} = await host.sh('', {...nspawn, manifest});
  t.is(exitCode, 0, stderr);
  t.deepEqual(
    stdout.trim().split('\n').sort(),
    names.map((name, index) => `${name} ${1000 + index} ${2000 + index}`).sort(),
    stderr,
  );
});

kernelTest('S15 event handlers get their arguments as they are', async (t) => {
  const handler = (event: string) => ({
    name: event,
    exec: ['/bin/sh', '-c', 'for a; do printf "%s\\0" "$a"; done >/out/$0', event, ...BAITS],
  });
  const out = path.join(host.directory, 'out');
  mkdirSync(out);
  const {exitCode, stderr} = await host.sh('true', {
    ...nspawn,
    image: {app: {eventHandlers: [handler('pre-start'), handler('post-stop')]}},
    pod: [`--volume=out,kind=host,source=${out}`],
    app: ['--mount=volume=out,target=/out'],
  });
  t.is(exitCode, 0, stderr);
  for (const event of ['pre-start', 'post-stop']) {
    t.deepEqual(readFileSync(path.join(out, event), 'utf8').split('\0').slice(0, -1), BAITS, event);
  }
});
