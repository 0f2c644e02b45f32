import {spawnSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import type {Result} from '../helpers/result.ts';
import {testIf} from '../helpers/skip.ts';

/* S10: a flavor of somebody else's that never returns. */

const host = openHost();
test.after.always(() => host.close());

const fifo = path.join(host.directory, 'fifo');
spawnSync('mkfifo', [fifo]);

const FLY = path.join(root, 'flavors/fly/dist/index.cjs');
const HOOKS = ['probe', 'filesystem', 'environment', 'launch', 'enter'];
/** How it never returns. */
const WAYS = {
  'reads what nobody writes': `require('node:fs').readFileSync('${fifo}')`,
  'waits for a thread': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  computes: 'for (;;);',
};

/** fly under another name, whose hook BLOCK never returns. */
const flavorThat = (way: keyof typeof WAYS): string => {
  const file = path.join(host.directory, `flavor-${way.replaceAll(' ', '-')}.cjs`);
  writeFileSync(
    file,
    `const {default: fly} = require('${FLY}');
    const block = () => { ${WAYS[way]} };
    if (process.env.BLOCK === 'module') block();
    const hooks = ${JSON.stringify(HOOKS)}.map((hook) => [hook, (...given) => {
      if (process.env.BLOCK === hook) block();
      return fly[hook]?.(...given) ?? [];
    }]);
    // fly is stopped without one.
    const stop = process.env.BLOCK === 'stop' ? {stop: block} : {};
    module.exports = {declaration: {...fly.declaration, name: 'other'}, ...Object.fromEntries(hooks), ...stop};`,
  );
  return file;
};

const block = (hook: string) => ({env: {BLOCK: hook}});

for (const way of Object.keys(WAYS) as (keyof typeof WAYS)[]) {
  testIf(lacksPods())(`S10 a flavor that ${way} is ended, and nothing is left of the pod`, async (t) => {
    const stage1 = flavorThat(way);
    const isRefused = ({exitCode, stderr, error}: Result, hook: string, command: string) => {
      t.is(exitCode, 254, stderr);
      t.like(error, {code: 'RKT_FLAVOR_TIMED_OUT', command});
      t.is(error?.fields.hook, hook === 'module' ? 'its module' : hook, stderr);
    };
    const pod = await host.start('echo ready; cat', {stage1});
    const hooks = way === 'reads what nobody writes' ? ['module', 'probe', 'filesystem', 'environment'] : [];
    const ran = [...hooks, 'launch'].map(async (hook) => {
      isRefused(await host.sh('true', {stage1, ...block(hook)}), hook, 'run');
    });
    await Promise.all([
      ...ran,
      host
        .rkt(['--format=json', 'flavor', 'show', stage1], block('module'))
        .then((result) => isRefused(result, 'module', 'flavor show')),
      host
        .rkt(['--format=json', 'enter', pod.uuid, '/bin/true'], block('enter'))
        .then((result) => isRefused(result, 'enter', 'enter')),
      host.rkt(['--format=json', 'stop', pod.uuid], block('stop')).then((result) => {
        t.is(result.exitCode, 254);
        t.is(result.error?.code, 'RKT_FLAVOR_TIMED_OUT');
      }),
    ]);
    // The pod is none the worse.
    t.is((await host.enter(pod.uuid, 'echo in')).stdout, 'in\n');
    await pod.end();
    t.is((await host.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
    const left = Object.values(host.podDirectories()).flat();
    t.false(left.includes(pod.uuid));
  });
}
