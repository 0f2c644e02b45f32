import {existsSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {FAULTS, type Fault, HOOKS, type Hook, makeFaultFlavor} from './support/fault-flavor.ts';

/* S10: whatever a flavor does wherever it is asked, rkt tells it by one coded error, nothing is left, and a pod that runs is none the worse. */

const host = openHost();
test.after.always(() => host.close());
const faultTest = testIf(lacksPods());

const CODES: Readonly<Record<Fault, string>> = {
  delays: '',
  crashes: 'RKT_FLAVOR_FAILED',
  throws: 'RKT_FLAVOR_FAILED',
  hangs: 'RKT_FLAVOR_TIMED_OUT',
  'returns garbage': 'RKT_FLAVOR_PLAN_INVALID',
  'returns too much': 'RKT_FLAVOR_PLAN_TOO_LARGE',
  'takes all memory': 'RKT_FLAVOR_OUT_OF_MEMORY',
  'writes a file': 'RKT_FLAVOR_DENIED',
  forks: 'RKT_FLAVOR_DENIED',
};
/** What is no flavor is told as it is loaded. */
const LOADING: Partial<Record<Fault, string>> = {
  crashes: 'RKT_FLAVOR_LOAD_FAILED',
  throws: 'RKT_FLAVOR_LOAD_FAILED',
  'returns garbage': 'RKT_FLAVOR_HOOK_INVALID',
  'returns too much': 'RKT_FLAVOR_HOOK_INVALID',
};
const codeOf = (hook: Hook, fault: Fault) => (hook === 'module' ? LOADING[fault] : undefined) ?? CODES[fault];

const flavorFor = (name: string) => makeFaultFlavor(path.join(host.directory, name.replaceAll(' ', '-')));
const FAILING = FAULTS.filter((fault) => fault !== 'delays');
/** Of all pairs of a hook and a fault every fourth, unless there is time: each hook and each fault is among them. */
const failingIn = (hook: Hook) =>
  FAILING.filter((_, index) => env.RKT_TEST_LONG === '1' || (index + HOOKS.indexOf(hook)) % 4 === 0);

for (const hook of ['module', 'probe', 'filesystem', 'environment', 'launch'] as const) {
  faultTest(`S10 run with a flavor that fails in ${hook}: one coded error, and there is no pod`, async (t) => {
    const apart = openHost();
    t.teardown(() => apart.close());
    await Promise.all(
      failingIn(hook).map(async (fault) => {
        const flavor = flavorFor(`${hook}-${fault}`);
        flavor.tell(hook, fault);
        const {exitCode, stderr, error} = await apart.sh('true', {stage1: flavor.directory});
        const wanted = {exitCode: 254, code: codeOf(hook, fault)};
        t.like({exitCode, code: error?.code}, wanted, `${fault}: ${stderr}`);
        t.is(stderr.trim().split('\n').length, 1, stderr);
        t.deepEqual(flavor.processes(), [], fault);
      }),
    );
    t.deepEqual(apart.podDirectories(), {});
    t.false(existsSync('/tmp/fault'));
  });
}

const COMMANDS = {
  appProcess: (uuid: string) => ['enter', uuid, '/bin/true'],
  enter: (uuid: string) => ['enter', uuid, '/bin/true'],
  stop: (uuid: string) => ['stop', uuid],
} as const;
for (const [hook, command] of Object.entries(COMMANDS) as [keyof typeof COMMANDS, (uuid: string) => string[]][]) {
  faultTest(`S10 a flavor that fails in ${hook} is one coded error, and its pod goes on`, async (t) => {
    const flavor = flavorFor(hook);
    const {uuid, ended} = await host.start('echo ready; cat; :', {stage1: flavor.directory});
    for (const fault of failingIn(hook)) {
      flavor.tell(hook, fault);
      const {exitCode, stderr, error} = await host.rkt(['--format=json', ...command(uuid)]);
      t.like({exitCode, code: error?.code}, {exitCode: 254, code: codeOf(hook, fault)}, `${fault}: ${stderr}`);
      t.is(error?.fields.hook ?? hook, hook);
      t.deepEqual(flavor.processes(), [], fault);
    }
    flavor.tell();
    t.is((await host.enter(uuid, 'echo in')).stdout, 'in\n');
    flavor.tell(hook, 'throws');
    const stopped = await host.rkt(['stop', '--force', uuid]);
    t.is(stopped.exitCode, 0, stopped.stderr);
    await ended;
  });
}

faultTest('a flavor that is slow everywhere runs pods, and no process of it is in them', async (t) => {
  const flavor = flavorFor('slow');
  flavor.tell('every hook', 'delays');
  const {uuid, pid, ended} = await host.start('echo ready; cat; :', {stage1: flavor.directory});
  t.deepEqual(flavor.processes(), []);
  t.is((await host.enter(uuid, 'cat; ls /proc/self/fd', {input: 'in\n'})).stdout, 'in\n0\n1\n2\n3\n');
  const {stdout} = await host.rkt(['status', '--verify', uuid]);
  t.notRegex(stdout, /differs/);
  t.true(existsSync(`/proc/${pid}`));
  t.is((await host.rkt(['stop', uuid])).exitCode, 0);
  await ended;
});
