import path from 'node:path';
import {env, execPath} from 'node:process';

export const root = path.resolve(import.meta.dirname, '../..');

/** How to start rkt: what is built, or with `RKT_FROM_SOURCE=1` its sources. */
export const rktCommand: readonly [program: string, ...args: string[]] = env.RKT_FROM_SOURCE
  ? [execPath, '--conditions=source', '--disable-warning=ExperimentalWarning', path.join(root, 'core/src/cli/main.ts')]
  : [path.join(root, 'core/bin/rkt')];

/** The environment rkt is started with: nothing of the test's own. */
export const rktEnvironment: Readonly<Record<string, string>> = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
};
