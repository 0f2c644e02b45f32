import {realpathSync} from 'node:fs';
import path from 'node:path';
import {loadConfig} from '../config/load.ts';
import type {HostPath} from '../contract/names.ts';
import type {FlagValues} from './command.ts';
import type {Context, Format, Output} from './context.ts';
import {flagValueInvalid} from './errors.ts';
import type {globalFlags} from './globals.ts';
import {parseInsecureOptions} from './insecure.ts';

const DEFAULT_DATA_DIR = '/var/lib/rkt';

/** The global flags, completed from the configuration. A broken configuration is reported by the first who needs it. */
export const makeContext = async (
  flags: FlagValues<typeof globalFlags>,
  format: Format,
  output: Output,
  describe: Context['describe'],
): Promise<Context> => {
  const directories = {
    systemConfig: directory('system-config', flags['system-config'] ?? ''),
    localConfig: directory('local-config', flags['local-config'] ?? ''),
    userConfig: flags['user-config'] === undefined ? undefined : directory('user-config', flags['user-config']),
  };
  const dataDir = await findDataDir(flags.dir, directories);
  return {
    ...directories,
    get dataDir() {
      return dataDir();
    },
    insecure: parseInsecureOptions(flags['insecure-options']),
    trustKeysFromHttps: flags['trust-keys-from-https'],
    debug: flags.debug,
    note: (text) => output.note(text),
    describe,
    format,
    output,
  };
};

const directory = (flag: string, given: string): HostPath => {
  if (given === '') throw flagValueInvalid(flag, given, 'is empty', `write --${flag}=/some/directory`);
  return path.resolve(given) as HostPath;
};

type Directories = Pick<Context, 'systemConfig' | 'localConfig' | 'userConfig'>;

const findDataDir = async (given: string | undefined, directories: Directories): Promise<() => HostPath> => {
  if (given !== undefined) {
    const wanted = directory('dir', given);
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

/** Symbolic links on the way to the data directory are the administrator's; what does not exist yet is taken as typed. */
const resolved = (wanted: HostPath): HostPath => {
  try {
    return realpathSync.native(wanted) as HostPath;
  } catch {
    return wanted;
  }
};
