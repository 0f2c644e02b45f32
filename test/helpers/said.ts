import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {slowly} from './slowly.ts';

const PATIENCE = slowly(60_000);

/**
 * What a program says on standard output, as soon as it says something.
 * @throws if it ends without a word, or says none for a minute
 */
export const said = async (child: ChildProcess): Promise<string> => {
  const {stdout, spawnfile} = child;
  if (stdout === null) throw new Error(`nobody hears ${spawnfile}`);
  const over = new AbortController();
  const {signal} = over;
  const ended = once(child, 'close', {signal}).then(([status, by]) => {
    throw new Error(`${spawnfile} ended with ${status ?? by} before it said anything`);
  });
  const late = AbortSignal.timeout(PATIENCE);
  const heard = once(stdout, 'data', {signal: late});
  try {
    const [data] = await Promise.race([heard, ended]);
    return String(data);
  } catch (error) {
    throw late.aborted ? new Error(`${spawnfile} said nothing for ${PATIENCE} ms`) : error;
  } finally {
    over.abort();
  }
};
