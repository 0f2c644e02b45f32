import {randomUUID} from 'node:crypto';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {cgroupDirectories} from '../helpers/cgroup.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {serialTestIf as testIf} from '../helpers/skip.ts';

/* Where pods with limits are on a host that runs systemd and has cgroup v2 alone: a cgroup with processes of its own limits nothing below it. */

const host = openHost();
test.after.always(() => host.close());

const hasSystemd = existsSync('/run/systemd/system') && existsSync('/sys/fs/cgroup/init.scope');
const serviceTest = testIf(
  hasSystemd ? lacksPods('program/systemd-run', 'cgroup/memory', 'cgroup/cpu') : 'no systemd with cgroup v2 alone here',
);

const LIMITS = ['--memory=64Mi', '--cpu=500m'];
const SCRIPT = 'mkfifo /tmp/stay; echo ready; exec cat /tmp/stay';

/** Those of the pod's cgroup, or of the first one below that has any: a supervisor sets those of its apps there. */
const limitsIn = (directory: string): string[] | undefined => {
  const below = readdirSync(directory, {recursive: true, withFileTypes: true}).filter((entry) => entry.isDirectory());
  return [directory, ...below.map(({parentPath, name}) => path.join(parentPath, name))]
    .filter((place) => existsSync(path.join(place, 'memory.max')))
    .map((place) => ['memory.max', 'cpu.max'].map((name) => readFileSync(path.join(place, name), 'utf8').trim()))
    .find(([memory]) => memory !== 'max');
};

/** Starts a pod by something that systemd starts. Returns the pod's cgroup and what is to hold there. */
const placeOf = async (t: ExecutionContext, stage1: string, command: readonly string[]) => {
  const pod = await host.start(SCRIPT, {stage1, app: LIMITS, through: command});
  const [directory = ''] = cgroupDirectories(pod.uuid);
  const limits = limitsIn(directory);
  const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
  t.is((await host.rkt(['stop', '--force', pod.uuid])).exitCode, 0);
  await pod.ended;
  t.is((await host.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
  t.deepEqual(limits, [String(64 * 2 ** 20), '50000 100000']);
  t.is(verified.exitCode, 0, verified.stderr);
  t.false(existsSync(directory));
  return path.dirname(directory);
};

const systemdRun = (unit: string, ...more: string[]) => [
  ...['/usr/bin/systemd-run', '--quiet', '--pipe', '--collect', `--unit=${unit}`, '--wait'],
  ...['-p', 'Environment=PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root', ...more, '--'],
];

const unitName = () => `rkt-limits-${randomUUID()}`;

for (const stage1 of ['fly', 'nspawn']) {
  for (const [what, flags] of [
    ['', []],
    [' that is given its cgroups', ['-p', 'Delegate=yes']],
  ] as const) {
    serviceTest(`a pod of a service${what} is limited below the service, with ${stage1}`, async (t) => {
      const unit = unitName();
      t.is(await placeOf(t, stage1, systemdRun(unit, ...flags)), `/sys/fs/cgroup/system.slice/${unit}.service`);
    });
  }

  serviceTest(`a pod of a service that runs more than rkt is limited elsewhere, with ${stage1}`, async (t) => {
    const through = [...systemdRun(unitName()), '/bin/sh', '-c', '"$@"; exit $?', 'sh'];
    t.is(await placeOf(t, stage1, through), '/sys/fs/cgroup/rkt');
  });

  serviceTest(`a pod of a shell in a session is limited, with ${stage1}`, async (t) => {
    const scope = ['/usr/bin/systemd-run', '--quiet', '--scope', '--collect', `--unit=${unitName()}`, '--'];
    t.is(await placeOf(t, stage1, [...scope, '/bin/sh', '-c', '"$@"; exit $?', 'sh']), '/sys/fs/cgroup/rkt');
  });
}
