import path from 'node:path';
import {loadConfig} from '../config/load.ts';
import type {HostPath} from '../contract/names.ts';
import {dataDirectoryUnusable} from '../image/errors.ts';
import {lookUpDataDirectory} from '../image/look-up-data-directory.ts';
import {makeDataDirectory} from '../image/make-below.ts';
import {ownDataDirectory} from '../image/own-data-directory.ts';
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

/** @returns looks it up when it is asked for first, and never again: what has been judged then is what is used */
const findDataDir = async (given: string | undefined, directories: Directories): Promise<() => HostPath> => {
  if (given !== undefined) return once(() => lookUp(directory(given)));
  // What the host's configuration says is for root.
  if (process.geteuid?.() !== 0) return once(() => lookUp(ownDataDir()));
  try {
    const {paths} = await loadConfig(directories, ['paths']);
    return once(() => lookUp(paths.data ?? (DEFAULT_DATA_DIR as HostPath)));
  } catch (error) {
    return () => {
      throw error;
    };
  }
};

const once = <T>(look: () => T): (() => T) => {
  let found: {readonly is: T} | undefined;
  return () => {
    found ??= {is: look()};
    return found.is;
  };
};

const lookUp = (wanted: HostPath): HostPath => {
  const {path: real, is} = lookUpDataDirectory(wanted);
  // Even for who only looks: else it could be somebody else's in a moment.
  if (is === 'open') makeDataDirectory(real);
  return real;
};

const ownDataDir = (): HostPath => {
  const own = ownDataDirectory();
  if (own === undefined) throw dataDirectoryUnusable('~/.local/share/rkt', 'HOME is not set to an absolute path');
  return own.path;
};
