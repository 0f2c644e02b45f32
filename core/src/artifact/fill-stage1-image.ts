import {chmodSync, closeSync, copyFileSync, existsSync, mkdirSync, openSync, readSync} from 'node:fs';
import {dirname, join} from 'node:path';
import type {Declaration} from '../contract/declaration.ts';
import type {HostFacts} from '../contract/host.ts';
import {flavorIncomplete, flavorProgramsMissing} from './errors.ts';
import {fillHostTree} from './fill-host-tree.ts';
import type {TakeKernel} from './guest/taken-kernel.ts';
import {lackingPrograms} from './lacking-programs.ts';

/**
 * Fills an empty directory with all that a flavor wants of an image of its own: programs of this host, those that come with the flavor, a kernel.
 * @param source the file that the flavor was loaded from
 * @param work an existing directory for what is needed meanwhile
 * @param takeKernel what takes the kernel, where one is wanted. Default: the distribution's
 * @throws RKT_FLAVOR_PROGRAMS_MISSING, RKT_FLAVOR_INCOMPLETE, RKT_GUEST_KERNEL_FAILED
 */
export const fillStage1Image = async (
  tree: string,
  {stage1Image}: {readonly stage1Image: NonNullable<Declaration['stage1Image']>},
  host: Pick<HostFacts, 'programs'>,
  source: string,
  work: string,
  takeKernel?: TakeKernel,
): Promise<void> => {
  const lacking = lackingPrograms(stage1Image);
  if (lacking.length > 0) throw flavorProgramsMissing(lacking);
  const {directories, programs, files = [], ownFiles = [], machine} = stage1Image;
  fillHostTree(
    tree,
    programs ?? Object.values(host.programs).flatMap((program) => program?.path ?? []),
    directories,
    files.filter((path) => existsSync(path)),
  );
  const own = (path: string): string => fileOfPackage(source, path);
  for (const {from, to} of ownFiles) {
    const target = join(tree, to);
    mkdirSync(dirname(target), {recursive: true, mode: 0o755});
    copyFileSync(own(from), target);
    chmodSync(target, isMachineCode(target) && !LIBRARY.test(to) ? 0o711 : 0o755);
  }
  if (machine !== undefined) {
    const [{buildGuestSystem}, {distributionKernel}] = await Promise.all([
      import('./guest/build-guest-system.ts'),
      import('./guest/distribution-kernel.ts'),
    ]);
    const init = own(machine.init);
    await buildGuestSystem(tree, machine, {init, work, takeKernel: takeKernel ?? distributionKernel});
  }
};

/**
 * A file of the package of a flavor.
 * @param source the file that the flavor was loaded from
 * @throws RKT_FLAVOR_INCOMPLETE
 */
export const fileOfPackage = (source: string, path: string): string => {
  const file = join(packageOf(source), path);
  if (!existsSync(file)) throw flavorIncomplete(file);
  return file;
};

/** Read by whoever runs a program with it. */
const LIBRARY = /\.so$/;

/** The kernel alone reads it, and hides from its user the memory of a program whose file that user cannot read. */
const isMachineCode = (file: string): boolean => {
  const descriptor = openSync(file, 'r');
  try {
    const start = Buffer.alloc(4);
    return start.toString('latin1', 0, readSync(descriptor, start, 0, start.length, 0)) === '\x7fELF';
  } finally {
    closeSync(descriptor);
  }
};

/** The directory of the package that a file is of. */
const packageOf = (file: string): string => {
  let directory = dirname(file);
  while (!existsSync(join(directory, 'package.json')) && directory !== '/') directory = dirname(directory);
  return directory;
};
