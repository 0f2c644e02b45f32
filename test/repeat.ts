import {spawnSync} from 'node:child_process';
import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {argv, execArgv, execPath, stdout} from 'node:process';

/*
 * `npm run test:repeat -- N [PART…]`: all tests N times without second chances, a line for each time and one for all. What a run that failed has said is kept.
 */

const [count = '10', ...parts] = argv.slice(2);
const say = (line: string) => stdout.write(`${line}\n`);
const kept = mkdtempSync(path.join(tmpdir(), 'rkt-repeat-'));
let passed = 0;
for (let round = 1; round <= Number(count); round++) {
  const start = performance.now();
  const {status, output} = spawnSync(
    execPath,
    [...execArgv, path.join(import.meta.dirname, 'run.ts'), '--strict', ...parts],
    {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 256 * 1024 * 1024,
    },
  );
  const text = output.filter((part) => part !== null).join('\n');
  const counts = /^\d+ passed, \d+ failed, \d+ skipped$/m.exec(text)?.[0] ?? `ended with ${status}`;
  const log = path.join(kept, `${round}.log`);
  writeFileSync(log, text);
  if (status === 0) passed++;
  say(`${round}: ${counts}, ${Math.round((performance.now() - start) / 1000)} s${status === 0 ? '' : `, see ${log}`}`);
}
say(`${passed} passed, ${Number(count) - passed} failed, 0 skipped`);
process.exitCode = passed === Number(count) ? 0 : 1;
