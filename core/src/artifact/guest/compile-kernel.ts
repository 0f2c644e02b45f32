import {randomInt} from 'node:crypto';
import {chownSync, constants, fstatSync, mkdirSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {readBounded, Unbounded} from '../../config/read-bounded.ts';
import {BUILD, BUILDERS, kernelBuilder} from '../../image/sandbox.ts';
import {startTool} from '../../image/tool.ts';
import {makeDevice} from '../../linux/device.ts';
import {errnoText} from '../../linux/errno-text.ts';
import type {Fd} from '../../linux/fd.ts';
import {newFileSystem, openTree, setMountAttributes} from '../../linux/mount.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import {findProgram} from '../../linux/programs.ts';
import {kernelBuildFailed, kernelToolsMissing} from '../errors.ts';

export interface Compiled {
  /** The archive of the source, compressed with xz; its files are below one directory. It is moved away. */
  readonly source: string;
  /** What the kernel is to have: lines of `make allnoconfig`. */
  readonly config: string;
  /** An empty directory for it, with space for two gigabytes. */
  readonly work: string;
  /** Processors that are used at once. */
  readonly jobs: number;
  readonly note: (text: string) => void;
  /** Milliseconds after which one of its programs is ended. Default three hours. */
  readonly timeout?: number;
}

/**
 * Compiles a kernel, where no pod looks into it and with nothing of the host but its programs, and no network: the same bytes for the same source, configuration and compiler.
 * @returns the kernel, an ELF file
 * @throws RKT_KERNEL_BUILD_FAILED, RKT_KERNEL_TOOLS_MISSING, RKT_ISOLATION_FAILED
 */
export const compileKernel = async ({
  source,
  config,
  work,
  jobs,
  note,
  timeout = THREE_HOURS,
}: Compiled): Promise<Buffer> => {
  const user = BUILDERS.first + randomInt(BUILDERS.count);
  const own = join(work, 'build');
  mkdirSync(own, {mode: 0o700});
  for (const name of ['source', 'tmp']) mkdirSync(join(own, name), {mode: 0o700});
  renameSync(source, join(own, ARCHIVE));
  writeFileSync(join(own, CONFIG), config, {mode: 0o644});
  for (const name of ['source', 'tmp', ARCHIVE, CONFIG, '']) chownSync(join(own, name), user, user);
  const build: Build = {own, user, timeout};

  note('unpacking the source of the kernel');
  const omitted = UNUSED.map((pattern) => `--exclude=${pattern}`);
  await run(build, 'tar', [
    '--extract',
    '--file',
    `${BUILD}/${ARCHIVE}`,
    '-C',
    SOURCE,
    '--strip-components=1',
    ...omitted,
  ]);
  await run(build, 'make', ['-C', SOURCE, `KCONFIG_ALLCONFIG=${BUILD}/${CONFIG}`, 'allnoconfig']);
  refuseUnknown(config, readOwn(build, 'source/.config').toString('utf8'));

  note(`compiling the kernel: some eight minutes of a processor, with ${jobs} at once`);
  await run(build, 'make', ['-C', SOURCE, `-j${jobs}`, 'vmlinux'], counted(note));
  await run(build, 'strip', ['--strip-all', '-o', `${BUILD}/vmlinux`, `${SOURCE}/vmlinux`]);
  const kernel = readOwn(build, 'vmlinux');
  if (kernel.toString('latin1', 0, 4) !== '\x7fELF') throw kernelBuildFailed('strip', 'it has left no ELF file');
  return kernel;
};

/** Others wait for it. It takes minutes, and an hour on a host that is slow and busy. */
const THREE_HOURS = 3 * 60 * 60_000;

const ARCHIVE = 'source.tar.xz';
const CONFIG = 'config';
const SOURCE = `${BUILD}/source`;

/** Most of the source: what no kernel of x86 without such devices is made of. Files that say what may be configured stay. */
const UNUSED = [
  '*/Documentation/*/*',
  ...['drivers/gpu', 'drivers/media', 'drivers/net/ethernet', 'drivers/net/wireless', 'drivers/staging', 'sound'].map(
    (directory) => `*/${directory}/*.[ch]`,
  ),
  ...['perf', 'testing'].map((tool) => `*/tools/${tool}/*`),
];

interface Build {
  readonly own: string;
  readonly user: number;
  readonly timeout: number;
}

/** Each option that the configuration asks for is as it asks. A kernel of another version may not know it, or need another for it. */
export const refuseUnknown = (config: string, made: string): void => {
  const lines = new Set(made.split('\n'));
  const unmet = config.split('\n').filter((line) => OPTION.test(line) && !lines.has(line));
  if (unmet.length > 0)
    throw kernelBuildFailed('make allnoconfig', `this source has no such options: ${unmet.join(', ')}`);
};

const OPTION = /^(# )?CONFIG_\w+( is not set$|=)/;

const run = async (
  {own, user, timeout}: Build,
  program: string,
  args: readonly string[],
  take?: (text: string) => void,
): Promise<void> => {
  const path = findProgram(program);
  if (path === undefined) throw kernelToolsMissing([program]);
  using directory = openHost(own, O_PATH | constants.O_DIRECTORY);
  using mount = openTree(directory);
  setMountAttributes(mount, {flags: ['nosuid', 'nodev'], propagation: 'private'});
  using devices = onlyNull();
  const last: string[] = [];
  const tool = startTool(kernelBuilder(mount, devices, user, [path, ...args]), 'ignore', 'pipe', {offline: true});
  tool.stdout?.setEncoding('utf8').on('data', (text: string) => {
    last.push(text);
    if (last.length > KEPT) last.shift();
    take?.(text);
  });
  let late = false;
  const watchdog = setTimeout(() => {
    late = true;
    tool.kill();
  }, timeout);
  const failure = await tool.ended.finally(() => clearTimeout(watchdog));
  if (failure === undefined) return;
  const step = program === 'make' ? `make ${args.at(-1)}` : program;
  if (late) throw kernelBuildFailed(step, `it has not ended within ${timeout / 1000} s`);
  // What make says last is that it has failed.
  const said = (failure.output || last.join('')).trim().split('\n');
  const because = said.find((line) => /\berror\b|No space left/i.test(line)) ?? said.at(-1) ?? '';
  throw kernelBuildFailed(step, `${failure.status}${because === '' ? '' : `: ${because}`}`);
};

/** Parts of what a program says. */
const KEPT = 20;

/** A line each time that so many files have been compiled. */
const STEP = 250;

const counted = (note: (text: string) => void): ((text: string) => void) => {
  let files = 0;
  return (text) => {
    const more = text.match(/^ {2}(CC|AS) /gm)?.length ?? 0;
    if (Math.floor((files + more) / STEP) > Math.floor(files / STEP))
      note(`compiled ${files + more} files of the kernel`);
    files += more;
  };
};

const NULL = {type: 'char', major: 1, minor: 3} as const;

const onlyNull = (): Fd => {
  const mount = newFileSystem('tmpfs', [['mode', '0755']], ['nosuid', 'noexec']);
  try {
    const before = process.umask(0);
    try {
      makeDevice(mount, 'null', NULL, 0o666);
    } finally {
      process.umask(before);
    }
    setMountAttributes(mount, {flags: ['ro']});
    return mount;
  } catch (error) {
    mount.close();
    throw error;
  }
};

/** Larger than any kernel, or configuration. */
const MAX_BYTES = 256 * 1024 * 1024;

/** What its user has made is a file and nothing else. */
const readOwn = ({own}: Build, name: string): Buffer => {
  using file = openOwn(own, name);
  try {
    // No more memory than it has bytes.
    const {size} = fstatSync(file.number);
    if (size > MAX_BYTES) throw new Unbounded('too-large');
    return readBounded(`/proc/self/fd/${file.number}`, size);
  } catch (error) {
    if (error instanceof Unbounded) throw kernelBuildFailed(name, `what has been made is ${error.message}`);
    throw error;
  }
};

const openOwn = (own: string, name: string): Fd => {
  try {
    return openHost(join(own, name), constants.O_RDONLY | constants.O_NONBLOCK, {noSymlinks: true});
  } catch (error) {
    const because = errnoText(error);
    if (because === undefined) throw error;
    throw kernelBuildFailed(name, `what has been made cannot be read: ${because}`);
  }
};
