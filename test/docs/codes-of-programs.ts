import {globSync, readFileSync} from 'node:fs';
import path from 'node:path';
import {root} from './compiler.ts';
import type {ErrorSource} from './error-codes.ts';

const ROW = /^\| `(RKT_[A-Z0-9_]+)` \| (.+?) \| (.+?) \|$/gm;

/** What programs of flavors say, which are not TypeScript: rows of a table in the README of a flavor have a code, what it means, and what to do. */
export const codesOfPrograms = (): ErrorSource[] =>
  globSync('flavors/*/README.md', {cwd: root})
    .sort()
    .flatMap((file) =>
      [...readFileSync(path.join(root, file), 'utf8').matchAll(ROW)].map(([, code = '', meaning = '', hint = '']) => ({
        code,
        file,
        meaning: `Of the flavor ${path.basename(path.dirname(file))}, told by a program of it: ${meaning}.`,
        says: [],
        hints: [hint],
        fields: [],
        exitCode: undefined,
      })),
    );
