import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import process, {stderr, stdout} from 'node:process';
import {forbiddenChanges} from './breaking-changes.ts';
import {root} from './compiler.ts';
import {CONTRACT_REPORT, documents} from './documents.ts';

/*
 * `npm run docs`: writes every text that is generated, and says which have changed. The report of the contract is not written where a change breaks who builds on it
 * and the major version stays; exit code 1.
 */

const refused: string[] = [];
for (const [file, text] of await documents()) {
  const place = path.join(root, file);
  const before = existsSync(place) ? readFileSync(place, 'utf8') : undefined;
  if (before === text) continue;
  const broken = before !== undefined && file === CONTRACT_REPORT ? forbiddenChanges(before, text) : [];
  if (broken.length > 0) {
    refused.push(
      `${file} is not written, since this breaks what is built on it:`,
      ...broken.map((what) => `  ${what}`),
    );
    continue;
  }
  writeFileSync(place, text);
  stdout.write(`${file}\n`);
}
if (refused.length > 0) {
  stderr.write(
    `${[...refused, 'Keep what was there, or move the major version (CONTRACT_VERSION). What no release has had yet may change: remove the file first.'].join('\n')}\n`,
  );
  process.exitCode = 1;
}
