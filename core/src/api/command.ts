import {createRequire} from 'node:module';
import path from 'node:path';
import process from 'node:process';
import {RktError} from '../rkt-error.ts';
import type {CallOptions} from './requests.ts';

/** The command of this very package. */
export const command = (): string =>
  path.join(path.dirname(createRequire(import.meta.url).resolve('@rkt/core/package.json')), 'bin/rkt');

/** What a service manager has passed to this process is not for pods. */
const NOT_PASSED = ['LISTEN_FDNAMES', 'LISTEN_FDS', 'LISTEN_PID', 'NOTIFY_SOCKET'];

/** The environment that the command gets. */
export const environmentOf = ({environment}: CallOptions): Record<string, string | undefined> =>
  environment === undefined
    ? Object.fromEntries(Object.entries(process.env).filter(([name]) => !NOT_PASSED.includes(name)))
    : {...environment};

/** An error that the command has told as a line of JSON; `undefined` if it is something else. */
export const errorIn = (line: string, exitCode: number | null): RktError | undefined => {
  if (!line.startsWith('{')) return undefined;
  try {
    // What `errorJson` writes, or some note that happens to begin with a brace.
    const {code, message, hint, fields} = JSON.parse(line) as Told;
    if (code === undefined || !code.startsWith('RKT_')) return undefined;
    return new RktError(code, message ?? '', {
      ...fields,
      ...(hint === undefined ? {} : {hint}),
      ...(exitCode === null ? {} : {exitCode}),
    });
  } catch {
    return undefined;
  }
};

interface Told {
  readonly code?: `RKT_${string}`;
  readonly message?: string;
  readonly hint?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}
