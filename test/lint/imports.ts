import {readFileSync} from 'node:fs';
import path from 'node:path';
import {stdout} from 'node:process';
import {checkSources} from './rules.ts';
import {root, sources} from './sources.ts';

/** `node test/lint/imports.ts`: prints `file:line what (rule)` for every import that crosses a border, exit code 1 if there is one. */
const violations = checkSources(
  new Map(sources().map((file) => [file, readFileSync(path.join(root, file), 'utf8')] as const)),
);
for (const {file, line, what, rule} of violations) stdout.write(`${file}:${line} ${what} (${rule})\n`);
process.exitCode = violations.length > 0 ? 1 : 0;
