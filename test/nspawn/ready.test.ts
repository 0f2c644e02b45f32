import {mkdirSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {savedUuid} from './support/saved-uuid.ts';
import {STAY} from './support/scripts.ts';

/* `rkt status --wait-ready` where something supervises the apps, and says when it has started them. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));

const ready = (uuid: string, time = '150s') => host.rkt(['--format=json', 'status', `--wait-ready=${time}`, uuid]);

kernelTest('a pod is ready when its app has been started', async (t) => {
  const file = path.join(host.directory, 'ready');
  const ended = host.sh(STAY, {stage1: 'nspawn', pod: [`--uuid-file-save=${file}`], timeout: 0});
  // As soon as it has one.
  const uuid = await savedUuid(file, ended);
  const {exitCode, stdout, stderr} = await ready(uuid);
  t.is(exitCode, 0, stderr);
  t.is((JSON.parse(stdout) as {state: string}).state, 'running');
  // The app is there, not only what supervises it.
  t.is((await host.enter(uuid, 'true')).exitCode, 0);
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  await ended;
});

kernelTest('a pod is not ready before its pre-start handler ends, and will not be when it fails', async (t) => {
  const gate = path.join(host.directory, 'gate');
  mkdirSync(gate);
  const handler = 'echo ready; until [ -e /gate/open ]; do sleep 0.1; done; exit 3';
  const manifest = host.manifest(
    await host.fetch(),
    {
      app: {
        exec: ['/bin/true'],
        user: '0',
        group: '0',
        eventHandlers: [{name: 'pre-start', exec: ['/bin/sh', '-c', handler]}],
      },
      mounts: [{volume: 'gate', path: '/gate'}],
    },
    {volumes: [{name: 'gate', kind: 'host', source: gate}]},
  );
  const pod = await host.start('', {stage1: 'nspawn', manifest});
  const early = await ready(pod.uuid, '1s');
  t.deepEqual([early.exitCode, early.error?.code], [254, 'RKT_WAIT_EXPIRED']);
  const waiting = ready(pod.uuid);
  writeFileSync(path.join(gate, 'open'), '');
  const {exitCode, error} = await waiting;
  t.deepEqual([exitCode, error?.code], [254, 'RKT_POD_STATE']);
  t.is((await pod.ended).exitCode, 3);
});
