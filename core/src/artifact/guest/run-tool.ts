import {closeOnExecFrom} from '../../linux/fd-flags.ts';
import {findProgram} from '../../linux/programs.ts';
import {flavorProgramsMissing, guestKernelFailed} from '../errors.ts';

const MAX_BYTES = 512 * 1024 * 1024;
/** A kernel is some 100 MB, and a mirror may be slow. */
const MILLISECONDS = 15 * 60_000;

interface Options {
  readonly input?: Buffer;
  readonly cwd?: string;
  /** For the error. */
  readonly what: string;
}

/** Runs a program of the host to its end and returns what it has written. */
export const runTool = async (name: string, args: readonly string[], {input, cwd, what}: Options): Promise<Buffer> => {
  const program = findProgram(name);
  if (program === undefined) throw flavorProgramsMissing([name]);
  const {execa} = await import('execa');
  closeOnExecFrom(3);
  const result = await execa(program, args, {
    ...(input === undefined ? {stdin: 'ignore' as const} : {input}),
    ...(cwd === undefined ? {} : {cwd}),
    encoding: 'buffer',
    maxBuffer: MAX_BYTES,
    timeout: MILLISECONDS,
    reject: false,
    extendEnv: false,
    env: {...proxies(), LC_ALL: 'C.UTF-8', PATH: '/usr/sbin:/usr/bin:/sbin:/bin'},
  });
  if (result.failed) {
    const said =
      Buffer.from(result.stderr ?? [])
        .toString('utf8')
        .trim()
        .split('\n')
        .at(-1) ?? '';
    throw guestKernelFailed(what, said || (result.shortMessage ?? 'it failed'));
  }
  return Buffer.from(result.stdout ?? []);
};

const proxies = (): Record<string, string | undefined> =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name)));
