import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

/* `rkt status --wait-ready` where something supervises the apps, and says when it has started them. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));

const ready = (uuid: string, time = '20s') => host.rkt(['--format=json', 'status', `--wait-ready=${time}`, uuid]);

/** Starts a pod and gives its UUID as soon as it has one. */
const start = async (name: string, script: string, ...app: string[]) => {
  const file = path.join(host.directory, name);
  const ended = host.sh(script, {stage1: 'nspawn', pod: [`--uuid-file-save=${file}`], app});
  const uuid = () => {
    try {
      return readFileSync(file, 'utf8').trim();
    } catch {
      return '';
    }
  };
  await until(() => uuid() !== '', 30_000);
  return {uuid: uuid(), ended};
};

kernelTest('a pod is ready when its app has been started', async (t) => {
  const {uuid, ended} = await start('ready', 'sleep 600');
  const {exitCode, stdout, stderr} = await ready(uuid);
  t.is(exitCode, 0, stderr);
  t.is((JSON.parse(stdout) as {state: string}).state, 'running');
  // The app is there, not only what supervises it.
  t.is((await host.enter(uuid, 'true')).exitCode, 0);
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  await ended;
});

kernelTest('a pod whose pre-start handler does not end is not ready', async (t) => {
  const manifest = host.manifest(await host.fetch(), {
    app: {
      exec: ['/bin/sleep', '60'],
      user: '0',
      group: '0',
      eventHandlers: [{name: 'pre-start', exec: ['/bin/sh', '-c', 'echo ready; sleep 600']}],
    },
  });
  const pod = await host.start('', {stage1: 'nspawn', manifest});
  const {exitCode, error} = await ready(pod.uuid, '1s');
  t.deepEqual([exitCode, error?.code], [254, 'RKT_WAIT_EXPIRED']);
  await pod.end();
});

kernelTest('a pod that is over will not be ready', async (t) => {
  const manifest = host.manifest(await host.fetch(), {
    app: {
      exec: ['/bin/true'],
      user: '0',
      group: '0',
      eventHandlers: [{name: 'pre-start', exec: ['/bin/sh', '-c', 'echo ready; sleep 2; exit 3']}],
    },
  });
  const pod = await host.start('', {stage1: 'nspawn', manifest});
  const {exitCode, error} = await ready(pod.uuid, '60s');
  t.deepEqual([exitCode, error?.code], [254, 'RKT_POD_STATE']);
  t.is((await pod.ended).exitCode, 3);
});
