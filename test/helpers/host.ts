import {mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {constants, tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import {execa, type ResultPromise} from 'execa';
import {cleanUp} from '../runner/clean-up.ts';
import {atMost} from './at-most.ts';
import {rktCommand, rktEnvironment} from './command.ts';
import {buildImage, type ImageSpec} from './image.ts';
import {errorOf, type Result} from './result.ts';
import {slowly} from './slowly.ts';
import {until} from './until.ts';

export interface CallOptions {
  readonly input?: string;
  readonly cwd?: string;
  /** Added to the clean environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds; default three minutes, which no call needs. */
  readonly timeout?: number;
  /** A program that starts rkt: `['/usr/bin/setpriv', '--reuid=65534', …]`. */
  readonly through?: readonly string[];
}

export interface RunOptions extends CallOptions {
  /** Default: {@link flavor}. */
  readonly stage1?: string;
  /** Flags of the pod: what follows `run`. */
  readonly pod?: readonly string[];
  /** Flags of the app: what follows the image. */
  readonly app?: readonly string[];
  /** Path of an ACI, or what to build one from. Default: busybox. */
  readonly image?: string | ImageSpec;
  /** Global flags: what comes before `run`. */
  readonly global?: readonly string[];
  /** Path of a pod manifest, which says all about the pod: image, flags of the app and script do not matter then. */
  readonly manifest?: string;
}

/** A pod whose app is still there: a child of this process. */
export interface Started {
  readonly uuid: string;
  readonly pid: number;
  readonly child: ResultPromise;
  /** Resolves when it has ended, whatever the reason. */
  readonly ended: Promise<Result>;
  /** Sends a signal and waits for the end. */
  readonly end: (signal?: NodeJS.Signals) => Promise<Result>;
}

export interface ListedPod {
  readonly name: string;
  readonly state: string;
  readonly app_names?: readonly string[];
}

/** The stage1 of every pod that a test does not give one: conformance tests run once with each. */
export const flavor = env.RKT_TEST_FLAVOR ?? 'fly';

/** Tests of races start four at once. */
const limited = atMost(4);

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

const toResult = async (child: ResultPromise): Promise<Result> => {
  const {exitCode, signal, stdout, stderr, shortMessage} = await child;
  if (exitCode === undefined && signal === undefined) throw new Error(`nobody knows how it has ended: ${shortMessage}`);
  const number = signal === undefined ? 0 : 128 + (constants.signals[signal as NodeJS.Signals] ?? 0);
  return {
    exitCode: exitCode ?? number,
    signal,
    stdout: text(stdout),
    stderr: text(stderr),
    error: errorOf(text(stderr)),
  };
};

/** A data directory of its own and the rkt command on it. */
export interface Host {
  /** Everything of this host is below it: `data` is rkt's. */
  readonly directory: string;
  readonly data: string;
  /** Program and arguments that start rkt on this data directory. */
  readonly command: (...args: string[]) => [string, ...string[]];
  readonly rkt: (args: readonly string[], options?: CallOptions) => Promise<Result>;
  /** The arguments of `rkt run` for a shell script in a pod. */
  readonly runArguments: (script: string, options?: RunOptions) => string[];
  /** Runs a shell script as a pod, to its end. Errors of rkt come as JSON. */
  readonly sh: (script: string, options?: RunOptions) => Promise<Result>;
  /** Runs an image as it is. */
  readonly run: (image: string | ImageSpec, options?: Omit<RunOptions, 'image'>) => Promise<Result>;
  /**
   * Starts a shell script as a pod and returns once it has printed `ready`, which the script must do. Its standard input stays open until the test ends, so
   * that `cat` is an app that stays and leaves nothing behind.
   */
  readonly start: (script: string, options?: RunOptions) => Promise<Started>;
  /** Runs a shell script by `rkt enter`. */
  readonly enter: (uuid: string, script: string, options?: CallOptions) => Promise<Result>;
  /** Takes an image into the store. Returns its ID. */
  readonly fetch: (image?: string | ImageSpec) => Promise<string>;
  /** Writes a pod manifest of one app, called `test` unless it says otherwise. Returns its path. */
  readonly manifest: (
    id: string,
    app: Readonly<Record<string, unknown>>,
    more?: Readonly<Record<string, unknown>>,
  ) => string;
  readonly pods: () => Promise<ListedPod[]>;
  /** UUIDs on disk, by directory of the life cycle. */
  readonly podDirectories: () => Record<string, string[]>;
  /** A file of the pod's directory, parsed. */
  readonly podFile: (uuid: string, name: string) => unknown;
  readonly close: () => Promise<void>;
}

/** Makes a host for the tests of a file: `const host = openHost(); test.after.always(() => host.close());`. */
export const openHost = (): Host => {
  const directory = mkdtempSync(path.join(env.RKT_TEST_DIRECTORY ?? tmpdir(), 'rkt-host-'));
  const data = path.join(directory, 'data');
  for (const name of ['etc', 'usr', 'data']) mkdirSync(path.join(directory, name), {mode: 0o755});
  const configuration = [`--system-config=${directory}/usr`, `--local-config=${directory}/etc`];
  const children = new Set<ResultPromise>();
  let saved = 0;

  const command: Host['command'] = (...args) =>
    [...rktCommand, `--dir=${data}`, ...configuration, ...args] as [string, ...string[]];
  /** @param stdin `open`: without `input`, it ends with this process. */
  const spawn = (args: readonly string[], options: CallOptions, stdin: 'open' | 'closed' = 'closed'): ResultPromise => {
    const [program = '', ...rest] = [...(options.through ?? []), ...command(...args)];
    const child = execa(program, rest, {
      reject: false,
      extendEnv: false,
      env: {...rktEnvironment, ...options.env},
      cwd: options.cwd ?? directory,
      ...(stdin === 'open' && options.input === undefined ? {stdin: 'pipe'} : {input: options.input ?? ''}),
      timeout: slowly(options.timeout ?? 180_000),
      killSignal: 'SIGKILL',
      stripFinalNewline: false,
    }) as ResultPromise;
    children.add(child);
    child.finally(() => children.delete(child)).catch(() => {});
    return child;
  };
  const rkt: Host['rkt'] = (args, options = {}) => limited(() => toResult(spawn(args, options)));
  const imageFile = (image: string | ImageSpec = {}) => (typeof image === 'string' ? image : buildImage(image));
  const runPod = ({pod = [], global = [], stage1 = flavor}: RunOptions) => [
    ...['--format=json', '--insecure-options=image', ...global],
    ...['run', `--stage1=${stage1}`, ...pod],
  ];
  const runImage = (image: string | ImageSpec | undefined, options: RunOptions) => [
    ...runPod(options),
    imageFile(image),
    ...(options.app ?? []),
  ];
  const runArguments: Host['runArguments'] = (script, options = {}) =>
    options.manifest === undefined
      ? [...runImage(options.image, options), ...['--exec=/bin/sh', '--', '-c', script]]
      : [...runPod(options), `--pod-manifest=${options.manifest}`];

  return {
    directory,
    data,
    command,
    rkt,
    runArguments,
    sh: async (script, options = {}) => rkt(runArguments(script, options), options),
    run: async (image, options = {}) => rkt(runImage(image, options), options),
    fetch: async (image = {}) => {
      const {stdout, stderr} = await rkt(['--insecure-options=image', 'fetch', '--full', imageFile(image)]);
      const id = /sha512-[0-9a-f]{128}/.exec(stdout)?.[0];
      if (id === undefined) throw new Error(`rkt fetch printed no image ID: ${stdout}${stderr}`);
      return id;
    },
    manifest(id, app, more = {}) {
      const file = path.join(directory, `manifest-${++saved}.json`);
      const manifest = {
        acKind: 'PodManifest',
        acVersion: '0.8.11',
        apps: [{name: 'test', image: {id}, ...app}],
        ...more,
      };
      writeFileSync(file, JSON.stringify(manifest));
      return file;
    },
    start: (script, options = {}) =>
      limited(async () => {
        const file = path.join(directory, `uuid-${++saved}`);
        const pod = [`--uuid-file-save=${file}`, ...(options.pod ?? [])];
        const child = spawn(runArguments(script, {...options, pod}), {timeout: 0, ...options}, 'open');
        const ended = toResult(child);
        let seen = '';
        await new Promise<void>((resolve, reject) => {
          child.stdout?.on('data', (chunk: Buffer) => {
            seen += chunk.toString();
            if (/^ready$/m.test(seen)) resolve();
          });
          ended.then(({stderr, exitCode}) =>
            reject(new Error(`ended with ${exitCode} before it was ready: ${stderr}`)),
          );
        });
        const uuid = readFileSync(file, 'utf8').trim();
        const end = async (signal: NodeJS.Signals = 'SIGKILL') => {
          // What the rkt process has become is the app, or else only its supervisor.
          if ((options.stage1 ?? flavor) === 'fly' || signal !== 'SIGKILL') child.kill(signal);
          else await rkt(['stop', '--force', uuid]);
          return ended;
        };
        return {uuid, pid: child.pid ?? 0, child, ended, end};
      }),
    enter: (uuid, script, options = {}) => rkt(['--format=json', 'enter', uuid, '/bin/sh', '-c', script], options),
    async pods() {
      const {stdout, exitCode, stderr} = await rkt(['list', '--format=json']);
      if (exitCode !== 0) throw new Error(`rkt list ended with ${exitCode}: ${stderr}`);
      return (JSON.parse(stdout) as ListedPod[] | null) ?? [];
    },
    podDirectories() {
      const places = ['embryo', 'prepare', 'prepared', 'run', 'exited-garbage', 'garbage'];
      return Object.fromEntries(
        places.map((name) => [name, podsIn(data, name).sort()] as const).filter(([, uuids]) => uuids.length > 0),
      );
    },
    podFile(uuid, name) {
      const found = ['run', 'prepared', 'exited-garbage'].find((place) => podsIn(data, place).includes(uuid));
      return JSON.parse(readFileSync(path.join(data, 'pods', found ?? 'run', uuid, name), 'utf8'));
    },
    async close() {
      // What a killed supervisor leaves goes on, and holds the streams of its caller: pods are stopped before they are waited for.
      const stopRunning = async () => {
        const running = podsIn(data, 'run');
        if (running.length > 0) await toResult(spawn(['stop', '--force', ...running], {}));
      };
      await stopRunning();
      for (const child of children) child.kill('SIGKILL');
      await stopRunning();
      await Promise.allSettled([...children]);
      await until(async () => {
        const {exitCode, stderr} = await rkt(['gc', '--grace-period=0s', '--expire-prepared=0s']);
        if (exitCode !== 0) throw new Error(`rkt gc ended with ${exitCode}: ${stderr}`);
        return podsIn(data, 'run').length === 0;
      });
      const left = cleanUp(directory);
      if (left !== undefined) throw new Error(left);
    },
  };
};

const podsIn = (data: string, name: string): string[] => {
  try {
    return readdirSync(path.join(data, 'pods', name));
  } catch {
    return [];
  }
};
