import {spawn} from 'node:child_process';
import test from 'ava';
import {relayTerminal} from '../../src/executor/relay-terminal.ts';

test('a program that cannot be started is the error, before anything is done to the terminal', async (t) => {
  const child = spawn('/nowhere/program');
  await t.throwsAsync(relayTerminal({child, outside: -1, streams: [0, 1]}), {code: 'ENOENT', message: /program/});
});
