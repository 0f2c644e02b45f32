import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {STAY} from './support/scripts.ts';

/* `--restart`: who starts an app again, and when the pod is over then. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));

const app = (script: string, ...flags: string[]) => [
  ...[buildImage(), '--name=app', ...flags, '--exec=/bin/sh', '--', '-c', script],
];
const command = (name: string, ...args: string[]) => ['--format=json', '--insecure-options=image', name, ...args];
const fields = async (uuid: string) => {
  const {stdout} = await host.rkt(['status', uuid]);
  return Object.fromEntries([...stdout.matchAll(/^([a-z-]+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
};
const appOf = async (uuid: string) => {
  const {stdout} = await host.rkt(['--format=json', 'status', uuid]);
  return (JSON.parse(stdout) as {apps: {restarts?: number; exit_code?: number; last_exit_code?: number}[]}).apps[0];
};

const TWICE = 'echo x >>/runs; echo run; test $(wc -l </runs) -eq 3 || exit 7';

kernelTest('an app with on-failure is started again until it ends well, and the pod with it', async (t) => {
  const file = path.join(host.directory, 'on-failure');
  const {exitCode, stdout, stderr} = await host.rkt(
    command('run', '--stage1=nspawn', `--uuid-file-save=${file}`, ...app(TWICE, '--restart=on-failure')),
  );
  t.deepEqual([exitCode, stdout], [0, 'run\nrun\nrun\n'], stderr);
  const uuid = readFileSync(file, 'utf8').trim();
  t.like(await fields(uuid), {'app-app': '0', 'restarts-app': '2'});
  t.like(await appOf(uuid), {restarts: 2, exit_code: 0});
});

kernelTest('the policy is part of a prepared pod and of its manifest', async (t) => {
  const prepared = await host.rkt(
    command('prepare', '--stage1=nspawn', ...app(TWICE, '--restart=on-failure', '--restart-limit=2/10m')),
  );
  t.is(prepared.exitCode, 0, prepared.stderr);
  const uuid = /[0-9a-f-]{36}/.exec(prepared.stdout)?.[0] ?? '';
  const {stdout: manifest, stderr} = await host.rkt(['cat-manifest', uuid]);
  t.true(manifest.includes('coreos.com/rkt/restart'), `${manifest}${stderr}`);
  t.true(manifest.includes('"2/600s"'), manifest);
  const {exitCode, stdout} = await host.rkt(['run-prepared', uuid]);
  t.deepEqual([exitCode, stdout], [0, 'run\nrun\nrun\n']);
});

kernelTest('a pod manifest asks for a policy by an annotation of the app', async (t) => {
  const manifest = host.manifest(await host.fetch(), {
    app: {exec: ['/bin/sh', '-c', TWICE], user: '0', group: '0'},
    annotations: [{name: 'coreos.com/rkt/restart', value: 'on-failure'}],
  });
  const {exitCode, stdout} = await host.sh('', {stage1: 'nspawn', manifest});
  t.deepEqual([exitCode, stdout], [0, 'run\nrun\nrun\n']);
});

kernelTest('an app with always is started again however it ends, until the pod is stopped', async (t) => {
  const pod = await host.start(`echo x >>/runs; test $(wc -l </runs) -lt 3 || { echo ready; ${STAY}; }; exit 5`, {
    stage1: 'nspawn',
    app: ['--restart=always'],
  });
  const {restarts, exit_code, last_exit_code} = (await appOf(pod.uuid)) ?? {};
  t.deepEqual([restarts, exit_code, last_exit_code], [2, undefined, 5]);
  t.is((await host.rkt(['stop', pod.uuid])).exitCode, 0);
  await pod.ended;
  t.is((await fields(pod.uuid)).state, 'exited');
});

kernelTest('an app with always that ends well does not end the pod', async (t) => {
  const pod = await host.start('echo ready', {stage1: 'nspawn', app: ['--restart=always']});
  await until(async () => ((await appOf(pod.uuid))?.restarts ?? 0) > 1);
  t.is((await fields(pod.uuid)).state, 'running');
  t.is((await host.rkt(['stop', pod.uuid])).exitCode, 0);
  t.true((await pod.ended).stdout.startsWith('ready\nready\n'));
});

for (const [policy, status, ends] of [
  ['on-failure', 7, 7],
  ['always', 0, 1],
] as const)
  kernelTest(
    `an app with ${policy} that ends with ${status} more often than it may ends the pod with ${ends}`,
    async (t) => {
      const file = path.join(host.directory, `limit-${policy}`);
      const other = [buildImage(), '--name=other', '--exec=/bin/sh', '--', '-c', STAY];
      const {exitCode, stdout, stderr} = await host.rkt([
        ...command('run', '--stage1=nspawn', `--uuid-file-save=${file}`),
        ...app(`echo run; exit ${status}`, `--restart=${policy}`, '--restart-limit=2/10m'),
        ...['---', ...other],
      ]);
      t.deepEqual([exitCode, stdout], [ends, 'run\nrun\nrun\n'], stderr);
      t.like(await fields(readFileSync(file, 'utf8').trim()), {'app-app': String(status), 'restarts-app': '2'});
    },
  );

kernelTest('a flavor without a supervisor refuses a policy', async (t) => {
  const {exitCode, error} = await host.sh('true', {stage1: 'fly', app: ['--restart=always']});
  t.deepEqual([exitCode, error?.code], [254, 'RKT_FLAVOR_CANNOT']);
  t.is((await host.sh('true', {stage1: 'fly', app: ['--restart=no']})).exitCode, 0);
});

kernelTest('no other policy is known', async (t) => {
  const {exitCode, error} = await host.sh('true', {stage1: 'nspawn', app: ['--restart=unless-stopped']});
  t.deepEqual([exitCode, error?.code], [254, 'RKT_FLAG_CHOICE_INVALID']);
});
