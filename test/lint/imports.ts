import {readFileSync} from 'node:fs';
import path from 'node:path';
import {stdout} from 'node:process';
import {checkCatalogue} from './catalogues.ts';
import {checkSources} from './rules.ts';
import {root, sources} from './sources.ts';

/** `node test/lint/imports.ts`: prints `file:line what (rule)` for every import that crosses a border, and every error out of order; exit code 1 if there is one. */
const texts = new Map(sources().map((file) => [file, readFileSync(path.join(root, file), 'utf8')] as const));
const violations = [...checkSources(texts), ...[...texts].flatMap(([file, source]) => checkCatalogue(file, source))];
for (const {file, line, what, rule} of violations) stdout.write(`${file}:${line} ${what} (${rule})\n`);
process.exitCode = violations.length > 0 ? 1 : 0;
