import {readdirSync} from 'node:fs';
import process from 'node:process';
import test from 'ava';
import {isHidden, openProcess} from '../../src/linux/pidfd.ts';
import {identify} from '../../src/linux/process-identity.ts';

test('a number that is by now that of a thread is no process', (t) => {
  const threads = readdirSync('/proc/self/task').map(Number);
  const thread = threads.find((number) => number !== process.pid);
  if (thread === undefined) return t.fail('Node.js has threads');
  t.is(openProcess({pid: thread, startTime: identify(thread)?.startTime ?? 0}), undefined);
  t.false(isHidden(thread));
});
