import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import {flavor, type Host, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {leftBy} from '../helpers/left-by.ts';
import {serialTestIf, type Test} from '../helpers/skip.ts';
import {type Scope, settledDifference, snapshot} from '../helpers/snapshot.ts';

/*
 * Stops real runs at every fault point that they pass, by SIGKILL and by an error. Afterwards `rkt gc` must leave the host exactly as it was:
 * mounts, cgroups, network namespaces, processes and every file. The points are those that a run names with `--debug`, so that none is forgotten.
 */

const walkTest = serialTestIf(lacksPods());

/** A host whose store has the image already, so that only the pod is new. */
const readyHost = async (t: Test): Promise<{host: Host; image: string; volume: string}> => {
  const host = openHost();
  t.teardown(() => host.close());
  const volume = path.join(host.directory, 'volume');
  mkdirSync(volume);
  writeFileSync(path.join(volume, 'file'), 'x');
  const image = await host.fetch({files: {'/data/x': 'x'}});
  return {host, image, volume};
};

/** Whether the pod has a supervisor, several apps and a plan of a hundred steps. */
const supervised = flavor !== 'fly';

/** A pod with every kind of step that the flavor has: flags of the pod, of its app, and what follows that one. */
const everything = (volume: string) => ({
  pod: [
    ...[`--volume=data,kind=host,source=${volume}`, '--volume=scratch,kind=empty', '--ipc=private'],
    ...['--dns=192.0.2.1', '--hosts-entry=192.0.2.2=two'],
    ...(supervised ? ['--net=none', '--hostname=walk'] : []),
  ],
  app: [
    ...['--mount=volume=data,target=/data', '--mount=volume=scratch,target=/new/scratch', '--readonly-rootfs'],
    ...['--oom-score-adj=50', '--seccomp=mode=remove,errno=EPERM,reboot'],
    ...(supervised ? ['--name=first', '--memory=64Mi', '--cpu=500m'] : []),
  ],
});

/** A second app, where there can be one. */
const second = (image: string): string[] =>
  supervised ? ['---', image, '--name=second', '--stdout=log', '--exec=/bin/true'] : [];

/** Ids of the points that a command passed, from what it said with `--debug`. */
const pointsIn = (stderr: string): string[] => [
  ...new Set([...stderr.matchAll(/\brkt:fault (.+?)(?: \+\d+\w+)?$/gm)].map(([, id]) => id ?? '')),
];

const uuidFile = (host: Host) => path.join(host.directory, 'uuid');

/** The pods that a command made, as far as they can be known afterwards; forgets the one that it told of. */
const podsOf = (host: Host, stderr: string): string[] => {
  const file = uuidFile(host);
  const told = existsSync(file) ? readFileSync(file, 'utf8') : '';
  rmSync(file, {force: true});
  const text = [stderr, told, JSON.stringify(host.podDirectories())].join(' ');
  return text.match(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g) ?? [];
};

const collect = async (host: Host) => {
  const {exitCode, stderr} = await host.rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
  if (exitCode !== 0) throw new Error(`rkt gc ended with ${exitCode}: ${stderr}`);
};

interface Walk {
  /** The command that is stopped at each point. */
  readonly command: (host: Host, image: string, volume: string) => readonly string[] | Promise<readonly string[]>;
  /** An error in one pod does not keep the command from its other work. */
  readonly tolerant?: boolean;
  /** At least these must be among the points, so that a walk cannot be empty by mistake. */
  readonly passes: readonly RegExp[];
  /** Where it differs from `run`: in a sample only these points are walked again. */
  readonly own?: RegExp;
}

const runOf = (host: Host, image: string, volume: string, ...more: string[]) => {
  const {pod, app} = everything(volume);
  const flags = [`--uuid-file-save=${uuidFile(host)}`, ...pod, ...more];
  return [...host.runArguments('true', {image, pod: flags, app}), ...second(image)];
};

const prepared = async (host: Host, image: string, volume: string): Promise<string> => {
  const {pod, app} = everything(volume);
  const {stdout, stderr} = await host.rkt([
    ...[
      '--insecure-options=image',
      'prepare',
      '--quiet',
      `--stage1=${flavor}`,
      ...pod.filter((flag) => !/ipc|dns|host|net/.test(flag) || flag.startsWith('--volume')),
    ],
    ...[image, ...app, '--exec=/bin/true', ...second(image)],
  ]);
  const uuid = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(stdout)?.[0];
  if (uuid === undefined) throw new Error(`rkt prepare printed no UUID: ${stdout}${stderr}`);
  return uuid;
};

const walks: Readonly<Record<string, Walk>> = {
  run: {
    command: (host, image, volume) => runOf(host, image, volume),
    passes: [
      ...[/^pod\./, /^namespace$/, /^rootfs\./, /^volume\./, /^cgroup$/, /^readonly\./, /^launch\./],
      ...(supervised ? [/^stage1$/, /^run$/, /^etc\./, /^program\.second$/] : [/^mask\./]),
    ],
  },
  'run --no-overlay': {
    command: (host, image, volume) => runOf(host, image, volume, '--no-overlay'),
    passes: [/^pod\./, /^rootfs\./],
    own: /^rootfs\./,
  },
  'run-prepared': {
    command: async (host, image, volume) => ['--format=json', 'run-prepared', await prepared(host, image, volume)],
    passes: [/^pod\./, /^namespace$/],
    own: /^(pod|launch)\./,
  },
  gc: {
    command: async (host, image, volume) => {
      const {exitCode, stderr} = await host.rkt(runOf(host, image, volume));
      if (exitCode !== 0) throw new Error(`rkt run ended with ${exitCode}: ${stderr}`);
      return ['gc', '--grace-period=0s'];
    },
    passes: [/^pod\./],
    tolerant: true,
  },
  rm: {
    command: async (host, image, volume) => ['rm', await prepared(host, image, volume)],
    passes: [/^pod\./],
  },
};

for (const [what, {command, passes, tolerant, own}] of Object.entries(walks)) {
  walkTest(`whatever stops ${what} at any point, gc leaves the host as it was`, async (t) => {
    t.timeout(30 * 60_000);
    const {host, image, volume} = await readyHost(t);
    const pods = new Set<string>();
    const scope: Scope = {directories: [host.directory], pods};
    // Once undisturbed: what a first pod makes for all others (directories, caches) is no residue.
    const whole = await host.rkt(['--debug', ...(await command(host, image, volume))]);
    t.is(whole.exitCode, 0, whole.stderr);
    podsOf(host, '');
    await collect(host);
    const before = snapshot(scope);
    const points = pointsIn(whole.stderr);
    for (const pattern of passes)
      t.true(
        points.some((id) => pattern.test(id)),
        `${pattern} in ${points.join(' ')}`,
      );

    const walked = sample(points, own);
    // In a sample, errors of `run` are those of the test below, which is stricter; of the others it is rkt's part that differs, not the flavor's.
    const ways = long || (what !== 'run' && !supervised) ? (['kill', 'error'] as const) : (['kill'] as const);
    for (const point of walked) {
      for (const how of ways) {
        const at = `${point}:${how}`;
        const stopped = await host.rkt(['--debug', ...(await command(host, image, volume))], {env: {RKT_FAULT: at}});
        for (const uuid of podsOf(host, stopped.stderr)) pods.add(uuid);
        if (how === 'kill') t.is(stopped.signal, 'SIGKILL', at);
        else if (!tolerant) t.not(stopped.exitCode, 0, at);
        t.deepEqual(await leftBy(() => collect(host), before, scope), {}, at);
      }
    }
    t.log(`${walked.length} points: ${walked.join(' ')}`);
  });
}

/** Whether all points are walked, of every command: a pod with a supervisor has some two hundred, most of them one more file or device like the one before. */
const long = env.RKT_TEST_LONG === '1';

/**
 * The first and the last point of each kind, of a command's own if it has such. What rkt does itself (`pod.`, `launch.`) is walked whole with a flavor without a
 * supervisor, and is the same with one; there, where a plan is three times as long, it is the first of each kind.
 */
const sample = (points: readonly string[], own?: RegExp): string[] =>
  long ? [...points] : representatives(own === undefined ? points : points.filter((id) => own.test(id)));

const representatives = (points: readonly string[]): string[] => {
  const kind = (id: string) => (!supervised && /^(pod|launch)\./.test(id) ? id : id.split('.')[0]);
  return points.filter(
    (id, index) =>
      points.findIndex((other) => kind(other) === kind(id)) === index ||
      ((!supervised || /^pod\./.test(id)) && points.findLastIndex((other) => kind(other) === kind(id)) === index),
  );
};

/** From here on the process has given up what it would need to clean up with; gc does it. */
const POINT_OF_NO_RETURN = 'launch.exec';

walkTest('an error at any point of run leaves nothing half done, even before gc', async (t) => {
  t.timeout(30 * 60_000);
  const {host, image, volume} = await readyHost(t);
  const pods = new Set<string>();
  const scope: Scope = {directories: [path.join(host.data, 'pods')], pods};
  const whole = await host.rkt(['--debug', ...runOf(host, image, volume)]);
  t.is(whole.exitCode, 0, whole.stderr);
  await collect(host);
  const before = snapshot(scope);
  for (const point of sample(pointsIn(whole.stderr)).filter((id) => id !== POINT_OF_NO_RETURN)) {
    const {error, stderr} = await host.rkt(['--debug', ...runOf(host, image, volume)], {
      env: {RKT_FAULT: `${point}:error`},
    });
    for (const uuid of podsOf(host, stderr)) pods.add(uuid);
    t.is(error?.code, 'RKT_FAULT_INJECTED', point);
    t.deepEqual(await settledDifference(before, scope), {}, point);
  }
});

walkTest('the walk would see what is left behind', async (t) => {
  const {host, image, volume} = await readyHost(t);
  const scope: Scope = {directories: [host.directory]};
  const before = snapshot(scope);
  const pod = await host.start('echo ready; exec cat -', {image, ...everything(volume)});
  const found = await settledDifference(before, scope, 100);
  await pod.end();
  t.true(found.processes?.appeared.some((line) => line.endsWith('cat - ')));
  t.true((found.files?.appeared.length ?? 0) > 0);
});
