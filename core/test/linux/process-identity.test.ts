import {spawn} from 'node:child_process';
import {once} from 'node:events';
import test from 'ava';
import {identify, isAlive, parseStat} from '../../src/linux/process-identity.ts';

test('a command named like the rest of the line does not shift the fields', (t) => {
  const rest = `S 42 ${Array.from({length: 17}, (_, index) => index).join(' ')} 987654 4096 8`;
  t.deepEqual(parseStat(`17 (a) R 1 (b) c) ${rest}`), {state: 'S', parent: 42, startTime: 987654, size: 4096});
});

test('S20 a process is not taken for a later one of the same number', (t) => {
  const self = identify(process.pid);
  if (self === undefined) return t.fail();
  t.true(isAlive(self));
  t.false(isAlive({...self, startTime: self.startTime - 1}));
});

test('S20 a process that has ended is not alive', async (t) => {
  const child = spawn('/bin/cat', {stdio: ['pipe', 'ignore', 'ignore']});
  await once(child, 'spawn');
  const identity = identify(child.pid ?? -1);
  if (identity === undefined) return t.fail();
  t.true(isAlive(identity));
  child.stdin?.end();
  await once(child, 'exit');
  t.false(isAlive(identity));
});
