import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {dirname, join} from 'node:path';
import type {GuestSystem} from '../../contract/declaration.ts';
import {stageHostFiles} from '../../image/build/stage-host-files.ts';
import {type CpioEntry, cpio} from './cpio.ts';
import {type Module, orderModules} from './order-modules.ts';
import type {TakeKernel} from './taken-kernel.ts';

/** What the kernel mounts over. */
const DIRECTORIES = ['dev', 'proc', 'run', 'sys'];

/**
 * Puts what a machine starts with into the tree of an image.
 * @param work an existing directory for what is needed meanwhile
 * @param init the program of the flavor's package, a file
 */
export const buildGuestSystem = async (
  tree: string,
  guest: GuestSystem,
  {init, work, takeKernel}: {readonly init: string; readonly work: string; readonly takeKernel: TakeKernel},
): Promise<void> => {
  const directory = mkdtempSync(join(work, 'kernel-'));
  try {
    const kernel = await takeKernel(directory);
    put(tree, guest.kernel, kernel.vmlinux);
    if (guest.about !== undefined) put(tree, guest.about, Buffer.from(`${JSON.stringify(kernel.about)}\n`), 0o644);
    const modules = kernel.modules === undefined ? [] : await orderModules(kernel.modules, guest.modules);
    const programs = join(directory, 'programs');
    mkdirSync(programs);
    stageHostFiles(guest.programs, programs);
    const entries: CpioEntry[] = [
      {name: 'init', content: readFileSync(init), mode: 0o755},
      ...entriesOf(programs),
      ...(modules.length > 0 ? moduleEntries(modules) : []),
    ];
    const there = new Set(entries.map(({name}) => name));
    const own = cpio([...DIRECTORIES.filter((name) => !there.has(name)).map((name) => ({name})), ...entries]);
    put(tree, guest.initramfs, kernel.initramfs === undefined ? own : Buffer.concat([kernel.initramfs, own]));
  } finally {
    rmSync(directory, {recursive: true, force: true});
  }
};

const moduleEntries = (modules: readonly Module[]): CpioEntry[] => [
  {name: 'modules'},
  ...modules.map(({name, content}) => ({name: `modules/${name}.ko`, content})),
  {name: 'modules/order', content: Buffer.from(modules.map(({name}) => `${name}.ko\n`).join(''))},
];

/** What is no program is found like one, too. */
const put = (tree: string, path: string, content: Buffer, mode = 0o755): void => {
  const file = join(tree, path);
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, content);
  chmodSync(file, mode);
};

/** Everything of a tree that we made ourselves, in order of names. */
const entriesOf = (tree: string): CpioEntry[] =>
  readdirSync(tree, {recursive: true, encoding: 'utf8'})
    .sort()
    .map((name) => {
      const path = join(tree, name);
      const stats = lstatSync(path);
      const mode = stats.mode & 0o7777;
      if (stats.isSymbolicLink()) return {name, link: readlinkSync(path)};
      return stats.isDirectory() ? {name, mode} : {name, mode, content: readFileSync(path)};
    });
