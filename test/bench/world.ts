import {spawnSync} from 'node:child_process';
import {cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {rktCommand} from '../helpers/command.ts';
import {buildImage, writeRootfs} from '../helpers/image.ts';
import {cleanUp} from '../runner/clean-up.ts';
import {cleanEnvironment} from './measure.ts';

/** A data directory with one image, and a plain rootfs of the same content for the others. */
export interface World {
  readonly directory: string;
  readonly rootfs: string;
  readonly imageId: string;
  readonly rkt: (...args: string[]) => string[];
  /** Runs rkt and returns what it printed; throws when it failed. */
  readonly call: (...args: string[]) => string;
  readonly prepare: () => string;
  /** Multiplies an exited pod until there are that many. */
  readonly exitedPods: (count: number) => void;
  readonly close: () => void;
}

export const openWorld = (): World => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-bench-'));
  process.env.RKT_TEST_DIRECTORY = directory;
  const data = path.join(directory, 'data');
  mkdirSync(data);
  const rootfs = path.join(directory, 'rootfs');
  writeRootfs(rootfs, {files: {'/usr/bin': {directory: true}, '/etc/os-release': 'ID=test\n'}});
  const configuration = [`--system-config=${directory}/none`, `--local-config=${directory}/none`];
  const rkt = (...args: string[]) => [
    ...rktCommand,
    `--dir=${data}`,
    ...configuration,
    '--insecure-options=image',
    ...args,
  ];
  const call = (...args: string[]) => {
    const [program = '', ...rest] = rkt(...args);
    const {status, stdout, stderr} = spawnSync(program, rest, {
      env: cleanEnvironment,
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    if (status !== 0) throw new Error(`rkt ${args.join(' ')} ended with ${status}: ${stderr}`);
    return stdout;
  };
  const image = buildImage({app: {exec: ['/bin/true']}, files: {'/etc/os-release': 'ID=test\n'}});
  const imageId = /sha512-[0-9a-f]{128}/.exec(call('fetch', '--full', image))?.[0] ?? '';
  return {
    directory,
    rootfs,
    imageId,
    rkt,
    call,
    prepare: () => call('prepare', '--quiet', '--stage1=fly', imageId).trim(),
    exitedPods(count) {
      const run = path.join(data, 'pods/run');
      if (!existsSync(run) || readdirSync(run).length === 0) call('run', '--stage1=fly', imageId);
      const [model = ''] = readdirSync(run);
      for (let index = readdirSync(run).length; index < count; index++) copyPod(path.join(run, model), run, index);
    },
    close() {
      const left = cleanUp(directory);
      if (left !== undefined) throw new Error(left);
    },
  };
};

/** A pod like another one, with a UUID of its own in every file. */
const copyPod = (model: string, run: string, index: number) => {
  const uuid = `00000000-0000-4000-8000-${index.toString(16).padStart(12, '0')}`;
  const copy = path.join(run, uuid);
  cpSync(model, copy, {recursive: true, filter: (file) => !file.includes('/overlay') && !file.includes('/stage1')});
  const old = path.basename(model);
  for (const name of readdirSync(copy, {recursive: true, encoding: 'utf8'})) {
    const file = path.join(copy, name);
    try {
      const text = readFileSync(file, 'utf8');
      if (text.includes(old)) writeFileSync(file, text.replaceAll(old, uuid));
    } catch {
      // A directory.
    }
  }
};

export const removeTree = (directory: string) => rmSync(directory, {recursive: true, force: true});
