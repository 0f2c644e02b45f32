import {execFileSync} from 'node:child_process';
import {closeSync, mkdtempSync, openSync, readdirSync} from 'node:fs';
import path from 'node:path';
import {until} from '../../helpers/until.ts';

/** Says that it is there, and becomes the program once nobody keeps the gate open for writing. */
const WAIT = 'exec 9<"$0/gate"; : >"$0/$$"; read -r line <&9; exec 9<&-; exec "$@"';

/**
 * Starts programs at once: none of them before all are there. Each call gets what to start its program through. No more of them than the host lets run at
 * once, and nothing beside them that waits for a turn.
 * @param directory where to keep the gate
 */
export const atOnce = async <T>(
  directory: string,
  calls: readonly ((options: {readonly through: readonly string[]}) => Promise<T>)[],
): Promise<T[]> => {
  const place = mkdtempSync(path.join(directory, 'at-once-'));
  const gate = path.join(place, 'gate');
  execFileSync('mkfifo', [gate]);
  const writer = openSync(gate, 'r+');
  const results = Promise.all(calls.map((call) => call({through: ['/bin/sh', '-c', WAIT, place]})));
  try {
    await Promise.race([results, until(() => readdirSync(place).length === calls.length + 1)]);
  } finally {
    closeSync(writer);
  }
  return results;
};
