import {writeSync} from 'node:fs';
import {ppid} from 'node:process';
import {type AvaEvent, eventReader} from './read-event.ts';

/** The runner reads here. */
const RUNNER = 3;

const endWithRunner = () => {
  setInterval(() => {
    if (process.ppid !== ppid) process.exit(1);
  }, 500).unref();
};

/** Runs in the process of ava, which hands its events over one by one. */
export const observeRun = async ({events}: {readonly events: AsyncIterable<AvaEvent>}): Promise<void> => {
  endWithRunner();
  const read = eventReader(process.cwd());
  for await (const event of events) {
    for (const message of read(event)) writeSync(RUNNER, `${JSON.stringify(message)}\n`);
  }
};
