import path from 'node:path';
import {readBounded} from '../../config/read-bounded.ts';

const MAX_BYTES = 1024 * 1024;

/**
 * What the `package.json` in a directory says. It is data, whoever has written it: `require` would run what such a link leads to, or a directory of that name has, in the process of rkt (S36).
 * @throws SyntaxError, Unbounded, or the system's error
 */
export const packageManifest = (directory: string): Readonly<Record<string, unknown>> => {
  const manifest: unknown = JSON.parse(readBounded(path.join(directory, 'package.json'), MAX_BYTES).toString());
  return typeof manifest === 'object' && manifest !== null ? {...manifest} : {};
};
