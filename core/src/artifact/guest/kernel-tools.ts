import {existsSync} from 'node:fs';
import {findProgram} from '../../linux/programs.ts';
import {kernelToolsMissing} from '../errors.ts';
import {runTool} from './run-tool.ts';

/** What a kernel is compiled with, by the package of Debian that has it: a program, or a file. */
const TOOLS: Readonly<Record<string, readonly string[]>> = {
  bc: ['bc'],
  binutils: ['as', 'ld', 'objcopy', 'strip'],
  bison: ['bison'],
  coreutils: ['env'],
  flex: ['flex'],
  gcc: ['gcc'],
  'libc6-dev': ['/usr/include/stdio.h'],
  'libelf-dev': ['/usr/include/libelf.h'],
  m4: ['m4'],
  make: ['make'],
  perl: ['perl'],
  tar: ['tar'],
  'xz-utils': ['xz'],
};

/**
 * The packages of Debian that a host lacks for it, in order of names.
 * @param has whether a tool is there: a program by its name, a file by its path. Default: whether this host has it
 */
export const missingKernelTools = (has: (tool: string) => boolean = isHere): readonly string[] =>
  Object.entries(TOOLS)
    .filter(([, tools]) => !tools.every((tool) => has(tool)))
    .map(([name]) => name);

const isHere = (tool: string): boolean => (tool.startsWith('/') ? existsSync(tool) : findProgram(tool) !== undefined);

/** What tells compilers apart that make other bytes of the same source. @throws RKT_KERNEL_TOOLS_MISSING */
export const compilerVersion = async (): Promise<string> => {
  const missing = missingKernelTools();
  if (missing.length > 0) throw kernelToolsMissing(missing);
  const lines = await Promise.all(
    ['gcc', 'ld'].map(async (name) => {
      const text = (await runTool(name, ['--version'], {what: 'the compiler'})).toString('utf8');
      return text.split('\n')[0] ?? '';
    }),
  );
  return lines.join('; ');
};
