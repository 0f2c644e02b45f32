import {spawn} from 'node:child_process';
import {randomBytes} from 'node:crypto';
import {once} from 'node:events';
import {existsSync, lstatSync, readdirSync, rmSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import {setTimeout as delay} from 'node:timers/promises';
import {makeRandom} from '../fuzz/random.ts';
import {rktEnvironment} from '../helpers/command.ts';
import {flavor, type Host, openHost, type Started} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacks, lacksPods} from '../helpers/lacks.ts';
import {leftBy} from '../helpers/left-by.ts';
import {serialTestIf, type Test} from '../helpers/skip.ts';
import {type Scope, snapshot} from '../helpers/snapshot.ts';
import {until} from '../helpers/until.ts';

/*
 * Kills real calls at a moment that nobody has chosen, where the walk stops them at points that somebody has. Afterwards `gc` and `run` work, what was written is whole or not there, and with the images
 * gone nothing is left of any of it. `RKT_TEST_SEED` repeats a choice; when in its life a call is killed, the machine decides. `RKT_TEST_ROUNDS` says how often.
 */

const killTest = serialTestIf(lacksPods());
/** Most calls have no pod, and a pod of another flavor is rkt's in the same way. */
const ROUNDS = Number(env.RKT_TEST_ROUNDS ?? (env.RKT_TEST_LONG === '1' ? 200 : flavor === 'fly' ? 4 : 2));
/** Calls are killed until they have taken this many times as long as the first time. */
const STRETCH = 1.2;

interface World {
  readonly host: Host;
  readonly image: string;
  /** Of the image in the store. */
  readonly id: string;
  /** Where commands write what is not rkt's. */
  readonly output: string;
  readonly pods: Set<string>;
  running: Started | undefined;
  images: number;
  /** What whole calls have written, by name. */
  readonly trees: Map<string, readonly string[]>;
}

/** Flags of a call, after what it needs has been made ready. */
type Call = (world: World) => Promise<readonly string[]> | readonly string[];

const uuidIn = (text: string): string => {
  const [uuid] = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(text) ?? [];
  if (uuid === undefined) throw new Error(`no UUID in ${text}`);
  return uuid;
};

/** An image that the store does not have yet. */
const fresh = (world: World): string => buildImage({files: {'/number': `${process.pid} ${++world.images}`}});

const prepare = ({image}: World): string[] => [
  ...['--insecure-options=image', 'prepare', '--quiet', `--stage1=${flavor}`, image, '--exec=/bin/true'],
];

const prepared = async (world: World): Promise<string> => {
  const {stdout, stderr} = await world.host.rkt(prepare(world));
  const uuid = uuidIn(`${stdout}${stderr}`);
  world.pods.add(uuid);
  return uuid;
};

const exited = async (world: World): Promise<string> => {
  const uuid = await prepared(world);
  await world.host.rkt(['run-prepared', uuid]);
  return uuid;
};

const running = async (world: World): Promise<string> => {
  const isThere = (await world.host.pods()).some(
    ({name, state}) => name === world.running?.uuid && state === 'running',
  );
  if (!isThere) world.running = await world.host.start('echo ready; exec cat');
  const {uuid = ''} = world.running ?? {};
  world.pods.add(uuid);
  return uuid;
};

const fetched = async (world: World): Promise<string> => world.host.fetch(fresh(world));

const CALLS: Readonly<Record<string, Call>> = {
  run: ({host, image}) => host.runArguments('echo x >/x', {image}),
  prepare,
  'run-prepared': async (world) => ['run-prepared', await prepared(world)],
  fetch: (world) => ['--insecure-options=image', 'fetch', fresh(world)],
  gc: async (world) => {
    await exited(world);
    return ['gc', '--grace-period=0s'];
  },
  rm: async (world) => ['rm', await exited(world)],
  enter: async (world) => ['enter', await running(world), '/bin/sh', '-c', 'echo x >/x'],
  stop: async (world) => ['stop', '--force', await running(world)],
  export: async (world) => ['export', '--overwrite', await exited(world), path.join(world.output, 'exported.aci')],
  'image rm': async (world) => ['image', 'rm', await fetched(world)],
  'image gc': async (world) => {
    await fetched(world);
    return ['image', 'gc', '--grace-period=0s'];
  },
  'image render': ({id, output}) => ['image', 'render', '--overwrite', id, path.join(output, 'rendered')],
  'image extract': ({id, output}) => ['image', 'extract', '--overwrite', id, path.join(output, 'extracted')],
  'image build': ({output}) => [
    ...['image', 'build', '--from-host', 'sh', '--name=example.com/killed', '--exec=/bin/sh', '--overwrite'],
    ...['-o', path.join(output, 'built.aci')],
  ],
  ...(lacks('program/systemd-nspawn') === undefined && {
    'flavor build': ({output}: World) => [
      ...['flavor', 'build', 'nspawn', '--overwrite', '-o', path.join(output, 'stage1.aci')],
    ],
  }),
};

/** Those whose file is an image. */
const WRITTEN = ['exported.aci', 'built.aci', 'stage1.aci'];
/** Those that write a directory. */
const TREES = ['rendered', 'extracted'];

const treeOf = (directory: string): string[] =>
  readdirSync(directory, {recursive: true, encoding: 'utf8'})
    .map((name) => {
      const {mode, uid, gid, size} = lstatSync(path.join(directory, name));
      return [name, mode.toString(8), uid, gid, (mode & 0o170000) === 0o040000 ? '' : size].join(' ');
    })
    .sort();

/** Ends a call after some time, unless it has ended by itself; whether it was killed. */
const killed = async ({host}: World, args: readonly string[], milliseconds: number): Promise<boolean> => {
  const [program, ...rest] = host.command(...args);
  const child = spawn(program, rest, {env: rktEnvironment, cwd: host.directory, stdio: 'ignore'});
  const over = once(child, 'close');
  const ended = new AbortController();
  over.finally(() => ended.abort()).catch(() => {});
  await delay(milliseconds, undefined, {signal: ended.signal}).catch(() => {});
  child.kill('SIGKILL');
  await over;
  return child.signalCode === 'SIGKILL';
};

const succeeds = async (t: Test, {host}: World, why: string, ...args: string[]) => {
  const {exitCode, stderr} = await host.rkt(args, {timeout: 600_000});
  t.is(exitCode, 0, `${why}: rkt ${args.join(' ')}: ${stderr}`);
};

const collect = async (t: Test, world: World, why: string) => {
  for (const uuid of JSON.stringify(world.host.podDirectories()).match(/[0-9a-f-]{36}/g) ?? []) world.pods.add(uuid);
  await succeeds(t, world, why, 'gc', '--grace-period=0s', '--expire-prepared=0s');
};

const worksAfterwards = async (t: Test, world: World, why: string) => {
  await collect(t, world, why);
  await succeeds(t, world, why, ...world.host.runArguments('true', {image: world.image}));
  await succeeds(t, world, why, '--insecure-options=image', 'fetch', fresh(world));
  for (const name of WRITTEN) {
    const file = path.join(world.output, name);
    if (existsSync(file)) await succeeds(t, world, why, '--insecure-options=image', 'fetch', file);
  }
  for (const [name, tree] of world.trees) {
    const directory = path.join(world.output, name);
    if (existsSync(directory)) t.deepEqual(treeOf(directory), tree, `${why}: ${name}`);
  }
};

/** With no pod and no image, only what a first call has made for all others is there. What the kernel still ends is left by gc to the next one. */
const empty = async (t: Test, world: World, why: string) => {
  await world.running?.end();
  world.running = undefined;
  await until(async () => {
    await collect(t, world, why);
    return Object.keys(world.host.podDirectories()).length === 0;
  });
  await succeeds(t, world, why, 'image', 'gc', '--grace-period=0s');
};

killTest(`whenever a call is killed, gc, fetch and run work and nothing is left: ${ROUNDS} times`, async (t) => {
  t.timeout(60 * 60_000);
  const seed = env.RKT_TEST_SEED ?? randomBytes(6).toString('hex');
  t.log(`seed ${seed}`);
  const random = makeRandom(seed);
  const host = openHost();
  t.teardown(() => host.close());
  const elsewhere = openHost();
  t.teardown(() => elsewhere.close());
  const image = buildImage();
  const id = await host.fetch(image);
  const output = elsewhere.directory;
  const world: World = {host, image, id, output, pods: new Set(), running: undefined, images: 0, trees: new Map()};
  const chosen = Array.from({length: ROUNDS}, () => random.pick(Object.keys(CALLS)));
  const whole = new Map<string, number>();
  for (const name of new Set(chosen)) {
    // One before may have collected it.
    await host.fetch(image);
    const args = await (CALLS[name] as Call)(world);
    const start = performance.now();
    await succeeds(t, world, name, ...args);
    whole.set(name, performance.now() - start);
  }
  for (const name of TREES) {
    const directory = path.join(output, name);
    if (existsSync(directory)) world.trees.set(name, treeOf(directory));
  }
  await worksAfterwards(t, world, 'at first');
  await empty(t, world, 'at first');
  // A cache of bounded size, of what has been judged before.
  const ignoredFiles = /\/cas\/checked\/\d+ /;
  const scope: Scope = {directories: [host.data], pods: world.pods, ignoredFiles};
  const before = snapshot(scope);
  let kills = 0;
  for (const [round, name] of chosen.entries()) {
    await host.fetch(image);
    const args = await (CALLS[name] as Call)(world);
    const limit = (whole.get(name) ?? 0) * STRETCH;
    const after = random.below(Math.ceil(limit));
    if (await killed(world, args, after)) kills++;
    await worksAfterwards(t, world, `seed ${seed}, round ${round}: ${name}, killed after ${after} of ${limit} ms`);
  }
  t.log(`${kills} of ${ROUNDS} were killed before they had ended`);
  const left = await leftBy(() => empty(t, world, 'at the end'), before, scope);
  for (const name of [...WRITTEN, ...TREES]) rmSync(path.join(output, name), {recursive: true, force: true});
  t.deepEqual(left, {}, `seed ${seed}: ${chosen.join(', ')}`);
});
