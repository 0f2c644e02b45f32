import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {Declaration, SupportLevel} from '@rkt/core/contract';
import {atMost} from './at-most.ts';
import type {Need} from './case.ts';
import {type CallOptions, type Child, type Ended, endOf, startChild} from './command.ts';
import {BASE, type ImageSpec, manifestOf, PROGRAMS, tryTool, writeFiles} from './image.ts';
import {read} from './outside.ts';
import {until} from './until.ts';

/** A pod to run. */
export interface PodSpec extends CallOptions {
  /** For the image's shell; absent: what the image runs by itself. */
  readonly script?: string;
  readonly image?: ImageSpec;
  /** Flags of the pod, of the app, and those before `run`. */
  readonly pod?: readonly string[];
  readonly app?: readonly string[];
  readonly global?: readonly string[];
  /** More apps, each with a script. */
  readonly more?: readonly {readonly name: string; readonly script: string; readonly app?: readonly string[]}[];
  /** Isolators of the whole pod, for which there are no flags. */
  readonly isolators?: readonly {readonly name: string; readonly value: unknown}[];
}

/** A pod that runs until it is told to end. */
export interface Started {
  readonly uuid: string;
  readonly child: Child;
  readonly script: string;
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  readonly output: () => string;
  /** Ends it by force. */
  readonly end: () => Promise<Ended>;
}

/** What a flavor promises on this host. */
export interface Promised {
  readonly level: SupportLevel;
  /** The level that is left of it here, and why. */
  readonly here: SupportLevel;
  readonly because?: string;
}

/** A data directory of its own, a flavor, and rkt. */
export interface World {
  readonly directory: string;
  readonly data: string;
  /** As given to `--stage1`. */
  readonly flavor: string;
  readonly declaration: Declaration;
  readonly promised: (name: Need) => Promised;
  /** Declared, and to be had on this host. */
  readonly has: (name: Need) => boolean;
  readonly rkt: (args: readonly string[], options?: CallOptions) => Promise<Ended>;
  /** `run`, or `plan`, with all that a pod is made of. */
  readonly arguments: (verb: 'run' | 'plan' | 'prepare', spec: PodSpec) => Promise<string[]>;
  /** Runs a pod to its end. */
  readonly run: (spec: PodSpec) => Promise<Ended>;
  /** Starts a pod whose script prints a line `ready`; its standard input stays open. */
  readonly start: (spec: PodSpec & {readonly script: string}) => Promise<Started>;
  readonly enter: (uuid: string, script: string, options?: CallOptions) => Promise<Ended>;
  /** A directory of this world's for a volume. */
  readonly volume: (files?: Readonly<Record<string, string>>) => string;
  readonly image: (spec: ImageSpec) => Promise<string>;
  /** The same directory and images for another flavor. */
  readonly with: (flavor: string) => Promise<World>;
  /** Ends and removes everything, and throws when something is left. */
  readonly close: () => Promise<void>;
}

/** What of its apps the host's kernel would show is in another. */
export const hasOwnKernel = ({declaration}: Pick<World, 'declaration'>): boolean =>
  declaration.properties.includes('own-kernel');

/** Whether a pod may have copies of its images' files (`--no-overlay`): a machine has those as disks. */
export const takesCopies = ({declaration}: Pick<World, 'declaration'>): boolean =>
  declaration.stage1Image?.machine === undefined;

export interface WorldOptions {
  /** The program that is rkt, with arguments. */
  readonly rkt: readonly string[];
  readonly flavor: string;
  /** The archive of the image that the flavor is in; `flavor` is its ID then. Default: it is in none. */
  readonly flavorImage?: string;
  /** Where the world's directory is made. Default: that of temporary files. */
  readonly parent?: string;
  /** Calls of rkt at once. */
  readonly concurrency?: number;
}

/**
 * Makes a directory (0700) with an image of this host's own programs.
 * @throws when rkt cannot build it or finds no such flavor
 */
export const openWorld = async ({
  rkt: program,
  flavor,
  flavorImage,
  parent = tmpdir(),
  concurrency = 4,
}: WorldOptions) => {
  const directory = mkdtempSync(path.join(parent, 'rkt-kit-'));
  const data = path.join(directory, 'data');
  for (const name of ['etc', 'usr', 'images', 'volumes']) mkdirSync(path.join(directory, name));
  const command = [
    ...[...program, `--dir=${data}`],
    ...[`--system-config=${directory}/usr`, `--local-config=${directory}/etc`, '--insecure-options=image'],
  ];
  const limited = atMost(concurrency);
  const children = new Set<Child>();
  let count = 0;
  let isClosed = false;

  const spawn = (args: readonly string[], options: CallOptions, open: boolean): Child => {
    const child = startChild([...(options.through ?? []), ...command, ...args], directory, options, open);
    children.add(child);
    child.once('close', () => children.delete(child));
    return child;
  };
  const open = () => {
    if (isClosed) throw new Error('the world is closed');
  };
  const rkt: World['rkt'] = (args, options = {}) => {
    const call = async () => {
      open();
      return endOf(spawn(args, options, false));
    };
    return options.idles ? call() : limited(call);
  };
  const must = async (args: readonly string[], call: World['rkt'] = rkt): Promise<string> => {
    const {status, stdout, stderr} = await call(args);
    if (status !== 0) throw new Error(`rkt ${args[0]} ${args[1] ?? ''} ended with ${status}: ${stderr}`);
    return stdout;
  };
  const fetch = async (file: string): Promise<string> => (await must(['fetch', '--full', file])).trim();

  const images = new Map<string, Promise<string>>();
  const base = async (): Promise<string> => {
    const file = path.join(directory, 'base.aci');
    await must(['image', 'build', '--from-host', ...PROGRAMS, `--name=${BASE}`, '--exec=/bin/sh', '-o', file]);
    return fetch(file);
  };
  const once = (key: string, make: () => Promise<string>): Promise<string> => {
    const made = images.get(key) ?? make();
    images.set(key, made);
    return made;
  };
  const image: World['image'] = (spec) =>
    Object.keys(spec).length === 0
      ? once('', base)
      : once(JSON.stringify(spec), async () => {
          const number = ++count;
          const place = path.join(directory, 'images', String(number));
          writeFiles(place, spec.files);
          writeFileSync(`${place}.json`, JSON.stringify(manifestOf(spec, `rkt.kit/n${number}`, await once('', base))));
          await must(['image', 'build', place, `--manifest=${place}.json`, '-o', `${place}.aci`]);
          return fetch(`${place}.aci`);
        });

  const running = (): string[] => {
    try {
      return readdirSync(path.join(data, 'pods/run'));
    } catch {
      return [];
    }
  };
  const close = async (): Promise<void> => {
    if (isClosed) return;
    isClosed = true;
    const last: World['rkt'] = (args) => endOf(spawn(args, {}, false));
    const stop = async () => {
      if (running().length > 0) await last(['stop', '--force', ...running()]);
    };
    await stop();
    for (const child of children) child.kill('SIGKILL');
    await stop();
    if (count > 0 || images.size > 0) {
      await until('no pod runs any more', async () => {
        await must(['gc', '--grace-period=0s', '--expire-prepared=0s'], last);
        return running().length === 0;
      });
    }
    const left = mountsBelow(directory);
    // What is removed through a mount is somebody else's.
    for (const place of left) tryTool('umount', '-l', place);
    if (mountsBelow(directory).length > 0) throw new Error(`still mounted: ${mountsBelow(directory).join(' ')}`);
    removeTree(directory);
    if (left.length > 0) throw new Error(`left mounted: ${left.join(' ')}`);
  };

  const build: World['rkt'] = (args) => endOf(spawn(args, {}, false), {timeout: BUILD_MILLISECONDS});

  const worldOf = async (flavor: string): Promise<World> => {
    const shown = await must(['--format=json', 'flavor', 'show', flavor]);
    const declaration = JSON.parse(shown) as Declaration;
    if (declaration.stage1Image?.required)
      await once(`stage1 ${flavor}`, () => must(['flavor', 'build', flavor], build));
    const promises = await rkt(['--format=json', 'flavor', 'doctor', flavor]);
    const [{verdicts = [], usable, findings}] = JSON.parse(promises.stdout) as [Examination];
    if (!usable) throw new Error(`${flavor} cannot run here: ${findings.map(({what}) => what).join('; ')}`);
    const found = new Map(verdicts.map(({name, declared, here, because}) => [name, {level: declared, here, because}]));
    const promised: World['promised'] = (name) => {
      // Of an earlier contract, which has no such name.
      const {level, here, because} = found.get(name) ?? {level: 'impossible', here: 'impossible'};
      return {level, here, ...(because === undefined ? {} : {because})};
    };
    const has = (name: Need): boolean => ['enforced', 'equivalent'].includes(promised(name).here);
    const lacking = OF_EVERY_POD.filter((name) => !has(name));
    const degraded = lacking.length > 0 ? [`--allow-degraded=${lacking.join(',')}`] : [];
    const parts: World['arguments'] = async (verb, spec) => {
      const {script, pod = [], app = [], global = [], more = [], isolators} = spec;
      const id = await image(spec.image ?? {});
      const shell = (text: string | undefined) => (text === undefined ? [] : ['--exec=/bin/sh', '--', '-c', text]);
      const start = ['--format=json', ...global, verb, `--stage1=${flavor}`, ...degraded, ...pod];
      if (isolators !== undefined) {
        const file = path.join(directory, `manifest-${++count}.json`);
        const exec = ['/bin/sh', '-c', script ?? 'exit 0'];
        const apps = [{name: 'n1', image: {id}, app: {exec, user: '0', group: '0'}}];
        writeFileSync(file, JSON.stringify({acKind: 'PodManifest', acVersion: '0.8.11', apps, isolators}));
        return [...start, `--pod-manifest=${file}`];
      }
      return [
        ...[...start, id, ...app, ...shell(script)],
        ...more.flatMap((one) => ['---', id, `--name=${one.name}`, ...(one.app ?? []), ...shell(one.script)]),
      ];
    };
    return {
      directory,
      data,
      flavor,
      declaration,
      promised,
      has,
      rkt,
      arguments: parts,
      image,
      run: async (spec) => rkt(await parts('run', spec), spec),
      enter: (uuid, script, options) => rkt(['--format=json', 'enter', uuid, '/bin/sh', '-c', script], options),
      start: async (spec) => {
        const file = path.join(directory, `uuid-${++count}`);
        // By which the host knows its process.
        const script = `: rkt-kit-${count}-${path.basename(directory)}; ${spec.script}`;
        const args = await parts('run', {...spec, script, pod: [`--uuid-file-save=${file}`, ...(spec.pod ?? [])]});
        return limited(async () => {
          open();
          const child = spawn(args, spec, true);
          const ended = endOf(child, {timeout: 0});
          let seen = '';
          await new Promise<void>((resolve, reject) => {
            child.stdout.on('data', (chunk: Buffer) => {
              seen += chunk;
              if (/^ready$/m.test(seen)) resolve();
            });
            ended.then(({status, stderr}) => reject(new Error(`ended with ${status} before it was ready: ${stderr}`)));
          });
          const uuid = readFileSync(file, 'utf8').trim();
          const end = async () => {
            await rkt(['stop', '--force', uuid]);
            return ended;
          };
          return {uuid, child, script, ended, end, output: () => seen};
        });
      },
      volume: (files = {}) => {
        const place = path.join(directory, 'volumes', String(++count));
        writeFiles(place, files);
        return place;
      },
      with: worldOf,
      close,
    };
  };
  try {
    if (flavorImage !== undefined) await fetch(flavorImage);
    return await worldOf(flavor);
  } catch (error) {
    await close();
    throw error;
  }
};

/** What images and pods have of subordinate users an ordinary user removes as root of them. */
const removeTree = (directory: string): void => {
  try {
    rmSync(directory, {recursive: true, force: true});
  } catch (error) {
    if (process.geteuid?.() === 0) throw error;
    if (!tryTool('unshare', '--map-auto', '--map-root-user', 'rm', '-rf', directory)) throw error;
  }
};

interface Examination {
  readonly usable: boolean;
  readonly findings: readonly {readonly what: string}[];
  readonly verdicts: readonly {
    readonly name: string;
    readonly declared: SupportLevel;
    readonly here: SupportLevel;
    readonly because?: string;
  }[];
}

/** Machines are booted, and kernels may be compiled. */
const BUILD_MILLISECONDS = 20 * 60_000;

/** What rkt asks for with every pod, or with one of another user than root, and can do without when that is said. Without a policy of devices no app makes nodes, which has to be tried. */
const OF_EVERY_POD: readonly Need[] = [
  'dns',
  'kernel-paths/masked',
  'os/linux/capabilities-retain-set',
  'os/linux/no-new-privileges',
  'os/linux/seccomp-retain-set',
  'processes/apart',
];

/** Innermost first. */
const mountsBelow = (directory: string): string[] =>
  read('/proc/self/mountinfo')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((place) => place.startsWith(`${directory}/`))
    .reverse();
