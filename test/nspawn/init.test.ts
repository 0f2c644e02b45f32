import {readdirSync, readFileSync, readlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {commandsOfPod, processesOfPod} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';
import {STAY} from './support/scripts.ts';

/* What the pod's systemd is first, and what it leaves beside it. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods('program/systemd-nspawn'));

// /proc itself takes a name of any length.
const TOO_LONG = `/proc/self/root/${'x'.repeat(300)}`;

/** The flavor, for a pod with one path more. */
const withPath = (list: 'maskedPaths' | 'readOnlyPaths'): string => {
  const file = path.join(host.directory, `${list}.cjs`);
  writeFileSync(
    file,
    `const honest = require(${JSON.stringify(path.join(root, 'flavors/nspawn/dist/index.cjs'))}).default;
    module.exports = {
      ...honest,
      environment: (pod, host) => honest.environment({...pod, ${list}: [...pod.${list}, '${TOO_LONG}']}, host),
    };`,
  );
  return file;
};

for (const list of ['maskedPaths', 'readOnlyPaths'] as const) {
  kernelTest(
    `S07 a pod of which one of the ${list} cannot be had does not run, says which, and leaves nothing`,
    async (t) => {
      const file = path.join(host.directory, `${list}.uuid`);
      const pod = [`--uuid-file-save=${file}`];
      const {exitCode, stdout, stderr} = await host.sh('echo ran', {stage1: withPath(list), pod});
      t.deepEqual([exitCode, stdout], [254, '']);
      t.true(stderr.includes('RKT_INIT_FAILED') && stderr.includes(TOO_LONG), stderr);
      const uuid = readFileSync(file, 'utf8').trim();
      t.deepEqual([...processesOfPod(uuid)], []);
      await host.rkt(['gc', '--grace-period=0s']);
      t.false((await host.pods()).some(({name}) => name === uuid));
    },
  );
}

kernelTest('S04 the first two processes of a pod have no descriptor of rkt', async (t) => {
  const pod = await host.start(`echo ready; ${STAY}`, {stage1: 'nspawn'});
  const found = [...commandsOfPod(pod.uuid)].find(([, command]) => command.startsWith('/etc/rkt/init'));
  if (found === undefined) throw new Error('there is no process 2');
  const [pid] = found;
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1').split(' ');
  const descriptors = (of: number | string) =>
    readdirSync(`/proc/${of}/fd`).map((fd) => readlinkSync(`/proc/${of}/fd/${fd}`));
  t.is(descriptors(pid).length, 3);
  t.is(stat[2], 'T');
  const ofRkt = descriptors(stat[3] ?? '').filter((file) => file.includes(host.directory));
  t.deepEqual(ofRkt, []);
  // All but SIGTERM, and the two that cannot be blocked.
  t.regex(readFileSync(`/proc/${pid}/status`, 'latin1'), /^SigBlk:\tfffffffffffbbeff$/m);
  const before = Date.now();
  t.is((await host.rkt(['stop', pod.uuid])).exitCode, 0);
  await pod.ended;
  t.true(Date.now() - before < 60_000);
});
