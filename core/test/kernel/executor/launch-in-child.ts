import {type ChildProcess, type SpawnSyncReturns, spawn, spawnSync} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {once} from 'node:events';
import {chmodSync, copyFileSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {until} from '../../../../test/helpers/until.ts';
import {
  CAPABILITIES,
  type CgroupLimits,
  type HostPath,
  type Launch,
  type Plan,
  type Pod,
  type Process,
  type RootfsPath,
  type Uuid,
} from '../../../src/contract/index.ts';
import {isPopulated} from '../../../src/linux/cgroup-members.ts';
import {removeCgroup} from '../../../src/linux/remove-cgroup.ts';
import {gatherHostFacts} from '../../../src/stage1/facts/host-facts.ts';
import {builtFixture} from './built-fixture.ts';
import {begin, inRootfs, mount, podOf, type Sandbox, sandbox} from './perform-in-child.ts';

export interface LaunchRequest {
  readonly plan: Plan;
  readonly pod: Pod;
  readonly cache: HostPath;
}

export interface LaunchFailure {
  readonly code: string;
  readonly fields: Readonly<Record<string, unknown>>;
  /** Whether the process had given up the privileges to undo. */
  readonly pastReturn: boolean;
  /** Of the pod, after undo, as the failed process sees them. */
  readonly mounts: number;
}

export interface LaunchOptions {
  readonly process?: Partial<Process>;
  /** Steps after the rootfs and /proc are mounted. */
  readonly steps?: readonly unknown[];
  /** Changes to a launch into the rootfs. */
  readonly launch?: Partial<Launch> | undefined;
  readonly environment?: NodeJS.ProcessEnv;
  readonly input?: string;
  /** Of the pod's cgroup; without, it has none. */
  readonly limits?: CgroupLimits;
  /** A program that starts the app: `['/usr/bin/unshare', '--pid', …]`. */
  readonly through?: readonly string[];
}

export interface Child extends ChildProcess {
  readonly pid: number;
  /** How it ended: its exit status, or the signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Resolves when it says something, which it has not done yet. */
  readonly says: () => Promise<void>;
}

interface Test {
  readonly teardown: (action: () => unknown) => void;
}

const FIXTURE = new URL('fixtures/launch.ts', import.meta.url);

/** An app that stays until it is killed, or until the test process is gone: it reads what that could write. */
export const SAY_AND_WAIT = ['sh', '-c', 'echo ready; exec cat'];

/** Labels that no host has. */
export const UNKNOWN_LABELS: readonly [label: string, labels: Pick<Process, 'apparmorProfile' | 'selinuxContext'>][] = [
  ['rkt-no-such', {apparmorProfile: 'rkt-no-such'}],
  ['u:r:rkt-no-such:s0', {selinuxContext: 'u:r:rkt-no-such:s0'}],
];

export const BUSYBOX = '/bin/busybox';
const APPLETS = [
  'sh',
  'cat',
  'sed',
  'ls',
  'readlink',
  'base64',
  'id',
  'true',
  'sleep',
  'pwd',
  'env',
  'kill',
  'echo',
  'sort',
];

/** All capabilities: what a test that is about something else has, so that only what it asks for changes. */
export const EVERYTHING: Process['capabilities'] = {
  bounding: [...CAPABILITIES],
  effective: [...CAPABILITIES],
  ambient: [],
};

export const processOf = (changes: Partial<Process> = {}): Process => ({
  argv: ['sh', '-c', 'true'],
  env: [{name: 'PATH', value: '/bin'}],
  cwd: '/' as RootfsPath,
  uid: 0,
  gid: 0,
  groups: [],
  umask: 0o022,
  capabilities: EVERYTHING,
  noNewPrivileges: false,
  seccomp: null,
  rlimits: [],
  oomScoreAdj: null,
  ...changes,
});

/** A sandbox whose image has busybox. */
export const launchBox = (t: Test): LaunchBox => {
  const box = sandbox(t);
  mkdirSync(join(box.image, 'bin'));
  copyFileSync(BUSYBOX, join(box.image, 'bin/busybox'));
  chmodSync(join(box.image, 'bin/busybox'), 0o755);
  for (const applet of APPLETS) symlinkSync('busybox', join(box.image, 'bin', applet));
  for (const directory of ['dev', 'proc', 'tmp', 'work']) mkdirSync(join(box.image, directory));
  // What a shell has its background processes read, unless told otherwise.
  writeFileSync(join(box.image, 'dev/null'), '');
  return new LaunchBox(box, t);
};

export class LaunchBox {
  readonly box: Sandbox;
  readonly cache: HostPath;
  readonly cgroup: string;
  readonly #pod: Pod;
  #requests = 0;
  readonly #t: Test;

  constructor(box: Sandbox, t: Test) {
    this.#t = t;
    this.box = box;
    this.cache = `${box.directory}-seccomp` as HostPath;
    this.#pod = {...podOf(box), uuid: randomUUID() as Uuid};
    this.cgroup = `test-${this.#pod.uuid}`;
  }

  get image(): string {
    return this.box.image;
  }

  plan({process, steps = [], launch, limits}: LaunchOptions): Plan {
    const filesystem = [...begin(this.box), mount('proc', '/proc')];
    const environment = [
      ...(limits === undefined ? [] : [{id: 'cgroup', do: 'cgroup', path: this.cgroup, limits, join: true}]),
      ...steps,
    ];
    const common = {process: processOf(process), passSockets: false};
    const rootfs = {...common, into: 'rootfs', root: inRootfs('/'), ...launch};
    return {
      contract: '1.0.0',
      pod: this.#pod.uuid,
      flavor: {name: 'test', version: '0', digest: ''},
      filesystem,
      environment,
      launch: rootfs,
    } as unknown as Plan; // the steps above are plain data
  }

  command(plan: Plan): [string, string[]] {
    const file = join(this.box.directory, `../request-${this.#requests++}.json`);
    const request: LaunchRequest = {plan, pod: this.#pod, cache: this.cache};
    writeFileSync(file, JSON.stringify(request));
    return [process.execPath, [...builtFixture(FIXTURE), file]];
  }

  /** Runs an app to its end. */
  run(options: LaunchOptions = {}): SpawnSyncReturns<string> {
    return this.runPlan(this.plan(options), options.input, options.environment);
  }

  runPlan(plan: Plan, input = '', environment: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
    const [program, args] = this.command(plan);
    return spawnSync(program, args, {encoding: 'utf8', env: {...process.env, ...environment}, input});
  }

  /** Starts an app that says something when it runs; it ends with the test. */
  start(options: LaunchOptions): Promise<Child> {
    if (options.limits !== undefined) this.#removeCgroup();
    return this.startPlan(this.plan(options), options.environment, options.through);
  }

  /** The path of the pod's cgroup, which it has if it has limits. */
  get group(): string {
    return `${gatherHostFacts().cgroup.parent}/${this.cgroup}`;
  }

  /** After the processes that are started later have ended. */
  #removeCgroup(): void {
    const {cgroup} = gatherHostFacts();
    this.#t.teardown(async () => {
      await until(() => !isPopulated(cgroup, this.group));
      removeCgroup(cgroup, this.group);
    });
  }

  async startPlan(plan: Plan, environment: NodeJS.ProcessEnv = {}, through: readonly string[] = []): Promise<Child> {
    const [start, rest] = this.command(plan);
    const [program = start, ...args] = [...through, start, ...rest];
    const child = spawn(program, args, {
      env: {...process.env, ...environment},
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const ended = once(child, 'exit').then(([status, signal]) => (status ?? signal) as number | NodeJS.Signals); // as Node.js emits it
    this.#t.teardown(() => {
      child.kill('SIGKILL');
      return ended;
    });
    const says = () =>
      new Promise<void>((resolve, reject) => {
        child.stdout.once('data', () => resolve());
        ended.then((how) => reject(new Error(`the app ended with ${how}`)), reject);
      });
    await says();
    return Object.assign(child, {pid: child.pid ?? -1, ended, says});
  }

  /** Runs a plan, and does something while it is stopped at a fault point. Returns how it failed. */
  async failureAfter(plan: Plan, fault: string, act: () => unknown): Promise<LaunchFailure> {
    const [program, args] = this.command(plan);
    const child = spawn(program, args, {
      env: {...process.env, RKT_FAULT: `${fault}:stop`},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#t.teardown(() => child.kill('SIGKILL'));
    const stderr = text(child.stderr);
    await until(() => readFileSync(`/proc/${child.pid}/stat`, 'latin1').includes(') T '));
    await act();
    child.kill('SIGCONT');
    return LaunchBox.failure({stderr: await stderr});
  }

  /** What a failed launch said. */
  static failure({stderr}: Pick<SpawnSyncReturns<string>, 'stderr'>): LaunchFailure {
    const line = stderr.split('\n').find((text) => text.startsWith('{'));
    if (line === undefined) throw new Error(`no failure: ${stderr}`);
    return JSON.parse(line) as LaunchFailure;
  }
}
