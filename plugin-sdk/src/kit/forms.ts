import {strict as assert} from 'node:assert';
import type {Case, Need} from './case.ts';
import type {Ended} from './command.ts';
import {credentials, PROBE, type Probe, parseProbe} from './probe.ts';
import type {PodSpec, Started, World} from './world.ts';

/** What must come out of a pod that runs to its end; what is not named may be anything. */
export interface Expected {
  /** Default 0. */
  readonly status?: number;
  readonly stdout?: string | RegExp;
  readonly stderr?: string | RegExp;
  /** Of rkt's own error. */
  readonly code?: string;
}

export const expectEnd = (ended: Ended, {status = 0, stdout, stderr, code}: Expected): void => {
  assert.equal(ended.status, status, `status ${ended.status}, not ${status}: ${ended.stderr || ended.stdout}`);
  for (const [stream, wanted] of [
    ['stdout', stdout],
    ['stderr', stderr],
  ] as const) {
    if (typeof wanted === 'string') assert.equal(ended[stream], wanted, `${stream}: ${describe(ended[stream])}`);
    else if (wanted !== undefined) assert.match(ended[stream], wanted);
  }
  if (code !== undefined) assert.equal(ended.code, code);
};

const describe = (text: string): string => JSON.stringify(text.length > 300 ? `${text.slice(0, 300)}…` : text);

/** A pod that runs to its end. */
export const ends = (
  id: string,
  title: string,
  needs: readonly Need[],
  pod: PodSpec,
  expected: Expected,
  without: readonly Need[] = [],
): Case => ({
  id,
  title,
  needs,
  without,
  attempt: async (world) => expectEnd(await world.run(pod), expected),
});

/** The app's own script says that it is ready, and then goes on for as long as its input is open. */
export const STAYS = 'echo ready; cat';

/** Does something with a pod that runs, and ends it in any case. */
export const withPod = async <T>(
  world: World,
  spec: PodSpec & {readonly script: string},
  look: (pod: Started) => Promise<T>,
): Promise<T> => {
  const pod = await world.start(spec);
  try {
    return await look(pod);
  } finally {
    await pod.end();
  }
};

/** Everything of a process that what enters has, too. */
const comparable = (probe: Probe) => ({
  credentials: credentials(probe),
  limits: probe.limits,
  namespaces: probe.namespaces,
  cgroup: probe.cgroup,
  mounts: probe.mounts,
  env: probe.env,
  cwd: probe.cwd,
  umask: probe.umask,
  oomScoreAdj: probe.oomScoreAdj,
  label: probe.label,
});

export interface Verification {
  readonly enforcement: readonly {readonly name: string; readonly verdict: string; readonly readBack?: unknown}[];
  readonly verification: readonly Check[];
}

interface Check {
  readonly name: string;
  readonly expected: string;
  readonly actual: string;
  readonly holds: boolean;
}

const differenceOf = ({name, expected, actual}: Check): string => `${name} is ${actual}, not ${expected}`;

/** Nothing that rkt reads back from the kernel differs, and what can be read back of these names has been. */
export const verify = async (world: World, uuid: string, names: readonly Need[]): Promise<void> => {
  const {stdout, stderr, status} = await world.rkt(['--format=json', 'status', '--verify', uuid]);
  if (stdout === '') assert.fail(`status --verify: ${stderr}`);
  const {enforcement, verification} = JSON.parse(stdout) as Verification;
  const differences = verification.filter(({holds}) => !holds);
  assert.deepEqual(differences, [], `the kernel shows something else: ${differences.map(differenceOf).join('; ')}`);
  assert.equal(status, 0, `status --verify: ${stderr}`);
  for (const name of names) {
    const entry = enforcement.find((one) => one.name === name);
    if (entry === undefined || entry.readBack === undefined) continue;
    assert.ok(
      verification.some((one) => one.name === name && one.holds),
      `${name} is in the report and has not been read back`,
    );
  }
};

/**
 * A pod that stays: looked at from inside by a probe, from outside by `status --verify`, and by a probe that enters and has to see the same. `command` is
 * run inside besides; what it prints comes before the probe's output.
 */
export const stays = (
  id: string,
  title: string,
  needs: readonly Need[],
  pod: PodSpec,
  inside: (probe: Probe, seen: {readonly world: World; readonly pod: Started; readonly printed: string}) => void,
  without: readonly Need[] = [],
): Case => ({
  id,
  title,
  needs,
  without,
  attempt: (world) =>
    withPod(world, {...pod, script: `${pod.script ?? ':'}\n${PROBE}\n${STAYS}`}, async (started) => {
      const probe = parseProbe(started.output());
      inside(probe, {world, pod: started, printed: started.output().split(/^=== /m, 1)[0] ?? ''});
      await verify(world, started.uuid, needs);
      if (!world.has('enter')) return;
      const entered = await world.enter(started.uuid, PROBE);
      assert.equal(entered.status, 0, `enter: ${entered.stderr}`);
      assert.deepEqual(comparable(parseProbe(entered.stdout)), comparable(probe), 'what enters has something else');
    }),
});
