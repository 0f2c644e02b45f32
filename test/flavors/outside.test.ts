import {mkdirSync, readFileSync, readlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {untilCollected} from '../helpers/until-collected.ts';

/* The flavors of examples/ that launch a program of the host, which starts the app. */

const host = openHost();
test.after.always(() => host.close());

interface Outside {
  readonly program: string;
  /** What a pod is allowed to lose with it. */
  readonly degraded: readonly string[];
  /** Whether a pod can have no network. */
  readonly offline: boolean;
  /** Of the bounding set of an app that may have one. */
  readonly bounding: readonly string[];
  readonly refused: readonly [flags: {pod?: string[]; app?: string[]}, name: string][];
}

const OUTSIDE: Readonly<Record<string, Outside>> = {
  bubblewrap: {
    program: 'bwrap',
    degraded: ['--allow-degraded=os/linux/seccomp-retain-set,kernel-paths/masked'],
    offline: false,
    bounding: [],
    refused: [
      [{pod: ['--allow-degraded=os/linux/seccomp-retain-set,kernel-paths/masked', '--net=none']}, 'network/none'],
      [{pod: []}, 'os/linux/seccomp-retain-set'],
      [{app: ['--user=1000']}, 'user'],
    ],
  },
  crun: {
    program: 'crun',
    degraded: [],
    offline: true,
    bounding: ['CapBnd:\t0000000000000001'],
    refused: [[{app: ['--stdout=log']}, 'stdio/log']],
  },
};

for (const [name, {program, degraded, offline, bounding, refused}] of Object.entries(OUTSIDE)) {
  const outsideTest = testIf(lacksPods(`program/${program}`));
  const stage1 = path.join(root, 'examples', name);
  const alone = [...degraded, '--hostname=outside', ...(offline ? ['--net=none'] : [])];

  outsideTest(`${name}: an app with its files, limits and exit status`, async (t) => {
    const volume = path.join(host.directory, name);
    mkdirSync(volume);
    writeFileSync(path.join(volume, 'in'), 'from the host\n');
    const pod = [...alone, `--volume=data,kind=host,source=${volume}`];
    const app = ['--mount=volume=data,target=/data', '--memory=64M', '--cap-retain=CAP_CHOWN', '--environment=A=b c'];
    const script = `cat /data/in; hostname; echo "$A"; pwd; ls /sys/class/net; grep -E "${bounding.length > 0 ? 'CapBnd|' : ''}CapEff" /proc/self/status; readlink /proc/self/exe; echo x >/dev/null; touch /data/out; exit 7`;
    const ran = await host.sh(script, {stage1, pod, app});
    const lines = ran.stdout.split('\n');
    t.is(ran.exitCode, 7, ran.stdout + ran.stderr);
    t.deepEqual(lines.slice(0, 4), ['from the host', 'outside', 'b c', '/'], ran.stdout);
    t.deepEqual(
      lines.filter((line) => line.startsWith('Cap')),
      ['CapEff:\t0000000000000001', ...bounding],
    );
    if (offline) t.false(ran.stdout.includes('eth0'));
    t.is(readFileSync(path.join(volume, 'out'), 'utf8'), '');
    const killed = await host.sh("sh -c 'kill -9 $$'; exit $?", {stage1, pod: degraded});
    t.is(killed.exitCode, 137, killed.stderr);
  });

  outsideTest(
    `${name}: enter is in the app's namespaces and cgroup, verify agrees, stop and gc leave nothing`,
    async (t) => {
      const {uuid, ended} = await host.start('trap "exit 5" TERM; echo ready; while read line; do :; done', {
        stage1,
        pod: alone,
      });
      const look =
        'hostname; readlink /proc/self/ns/mnt; readlink /proc/self/ns/pid; grep CapBnd /proc/self/status; exit 3';
      const entered = await host.enter(uuid, look);
      t.is(entered.exitCode, 3, entered.stderr);
      const [hostname, ...seen] = entered.stdout.trim().split('\n');
      t.is(hostname, 'outside');
      t.is(seen.length, 3);
      t.deepEqual(
        seen
          .slice(0, 2)
          .filter((link) => link === readlinkSync('/proc/self/ns/mnt') || link === readlinkSync('/proc/self/ns/pid')),
        [],
      );
      const verified = await host.rkt(['--format=json', 'status', '--verify', uuid]);
      const {verification: checks = []} = JSON.parse(verified.stdout) as {
        verification?: {name: string; holds: boolean}[];
      };
      t.deepEqual(
        checks.filter(({holds}) => !holds).map((check) => check.name),
        [],
        verified.stdout + verified.stderr,
      );
      t.true(checks.length > 5);
      const stopped = await host.rkt(['stop', uuid]);
      t.is(stopped.exitCode, 0, stopped.stderr);
      await ended;
      await untilCollected(t, host, uuid);
    },
  );

  outsideTest(`${name}: the doctor says whether it would run a pod that asks for nothing`, async (t) => {
    const {exitCode, stdout, stderr} = await host.rkt(['--format=json', 'flavor', 'doctor', stage1]);
    const [{usable, refusal} = {}] = JSON.parse(stdout) as {usable?: boolean; refusal?: {code: string}}[];
    const refuses = degraded.length > 0;
    t.deepEqual(
      [exitCode, usable, refusal?.code],
      refuses ? [1, true, 'RKT_FLAVOR_CANNOT'] : [0, true, undefined],
      stderr,
    );
    // What is missing is a line each.
    const told = await host.rkt(['doctor', `--stage1=${stage1}`]);
    t.regex(told.stdout, refuses ? /^ {2}RKT_FLAVOR_CANNOT: .*\n( {4}\S.*: .*\n){2} {4}fix: /m : /runs on this host/m);
    t.is((await host.sh('true', {stage1})).exitCode, refuses ? 254 : 0);
  });

  outsideTest(`${name}: what it cannot is refused by its name`, async (t) => {
    for (const [flags, feature] of refused) {
      const {error} = await host.sh('true', {stage1, pod: degraded, ...flags});
      t.is(error?.code, 'RKT_FLAVOR_CANNOT');
      const problems = (error?.fields.problems ?? []) as {name: string}[];
      t.true(
        problems.some((problem) => problem.name === feature),
        feature,
      );
    }
  });
}
