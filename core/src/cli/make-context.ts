import {realpathSync, statSync} from 'node:fs';
import path from 'node:path';
import {loadConfig} from '../config/load.ts';
import type {HostPath} from '../contract/names.ts';
import {dataDirectoryUnusable} from '../image/errors.ts';
import {errnoText} from '../linux/errno-text.ts';
import {isErrno} from '../linux/syscall-error.ts';
import type {FlagValues} from './command.ts';
import type {Context, Format, Output} from './context.ts';
import {flagUnsupported} from './errors.ts';
import type {globalFlags} from './globals.ts';
import {parseInsecureOptions} from './insecure.ts';
import {isTerminal} from './terminal.ts';

const DEFAULT_DATA_DIR = '/var/lib/rkt';

/** The global flags, completed from the configuration. A broken configuration is reported by the first who needs it. */
export const makeContext = async (
  flags: FlagValues<typeof globalFlags>,
  format: Format,
  output: Output,
  command: string,
): Promise<Context> => {
  if (flags['trust-keys-from-https']) throw flagUnsupported('trust-keys-from-https', 'keys are not looked for yet');
  const directories = {
    systemConfig: directory(flags['system-config'] ?? ''),
    localConfig: directory(flags['local-config'] ?? ''),
    userConfig: flags['user-config'] === undefined ? undefined : directory(flags['user-config']),
  };
  const note = (text: string) => output.note(`rkt ${command}: ${text}`);
  const dataDir = await findDataDir(flags.dir, directories);
  return {
    ...directories,
    get dataDir() {
      return dataDir();
    },
    insecure: parseInsecureOptions(flags['insecure-options']),
    trustKeysFromHttps: flags['trust-keys-from-https'],
    debug: flags.debug,
    note,
    remark: (text) => {
      if (format === 'text' && isTerminal(2)) note(text);
    },
    format,
    output,
  };
};

const directory = (given: string): HostPath => path.resolve(given) as HostPath;

type Directories = Pick<Context, 'systemConfig' | 'localConfig' | 'userConfig'>;

const findDataDir = async (given: string | undefined, directories: Directories): Promise<() => HostPath> => {
  if (given !== undefined) {
    const wanted = directory(given);
    return () => resolved(wanted);
  }
  try {
    const {paths} = await loadConfig(directories, ['paths']);
    return () => resolved(paths.data ?? (DEFAULT_DATA_DIR as HostPath));
  } catch (error) {
    return () => {
      throw error;
    };
  }
};

/**
 * Symbolic links on the way to the data directory are the administrator's; what does not exist yet is taken as typed.
 * @throws RKT_DATA_DIRECTORY_UNUSABLE
 */
const resolved = (wanted: HostPath): HostPath => {
  try {
    const real = realpathSync.native(wanted) as HostPath;
    if (statSync(real).isDirectory()) return real;
  } catch (error) {
    // Whoever may not go there is told by the command what it takes.
    if (isErrno(error, 'ENOENT', 'EACCES')) return wanted;
    const because = errnoText(error);
    if (because === undefined) throw error;
    throw dataDirectoryUnusable(wanted, because, error);
  }
  throw dataDirectoryUnusable(wanted, 'it is not a directory');
};
