import {mkdirSync} from 'node:fs';
import path from 'node:path';
import {command} from './command.ts';

/*
 * Debian packages as this host's apt finds them, for a machine that has none yet.
 */

const OPTIONS = [
  // Nothing is installed there.
  'Dir::State::status=/dev/null',
  // The host's own lists of what there is stay as they are.
  'Dir::Cache::pkgcache=',
  'Dir::Cache::srcpkgcache=',
  'APT::Install-Recommends=false',
  'APT::Sandbox::User=root',
].flatMap((option) => ['-o', option]);

/** Addresses, names and digests of packages and of those that they need: the same text means the same files. */
export const resolve = (packages: readonly string[]): string => {
  const list = () => command('apt-get', [...OPTIONS, 'install', '-y', '-qq', '--print-uris', ...packages]).toString();
  try {
    return list();
  } catch {
    // This host may never have asked what there is.
    command('apt-get', ['update', '-q']);
    return list();
  }
};

/** Downloads packages and those that they need. */
export const download = (packages: readonly string[], directory: string): void => {
  mkdirSync(path.join(directory, 'partial'), {recursive: true});
  const fetch = () =>
    command('apt-get', [
      ...OPTIONS,
      ...['-o', `Dir::Cache::archives=${directory}`, '-o', 'Debug::NoLocking=1'],
      ...['install', '-y', '-q', '--download-only', ...packages],
    ]);
  try {
    fetch();
  } catch {
    // What was listed some time ago may have been replaced.
    command('apt-get', ['update', '-q']);
    fetch();
  }
};
