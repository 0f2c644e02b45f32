import {spawnSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir, uptime} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {limitRestartsScript} from '../../src/systemd/limit-restarts.ts';

/** The script as the pod's systemd runs it, after ends that were so many seconds ago; may be started again three times in a minute. */
const end = (t: ExecutionContext, ago: readonly number[], status: string | undefined, policy = 'on-failure') => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-limit-restarts-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const at = (name: string) => path.join(directory, name);
  if (ago.length > 0) writeFileSync(at('ends'), `${ago.map((each) => Math.floor(uptime()) - each).join('\n')}\n`);
  if (status !== undefined) writeFileSync(at('status'), `${status}\n`);
  writeFileSync(at('script'), limitRestartsScript.content);
  const again = () =>
    spawnSync('/bin/sh', [at('script'), at('ends'), '3', '60', at('status'), at('first'), policy]).status;
  const first = () => (existsSync(at('first')) ? readFileSync(at('first'), 'utf8') : '');
  return {code: again(), first: first(), again, written: first};
};

test('an app is started again as often as it may be, and then ends the pod with its status', (t) => {
  t.like(end(t, [], '7'), {code: 0, first: ''});
  t.like(end(t, [2, 1], '7'), {code: 0, first: ''});
  t.like(end(t, [3, 2, 1], '7'), {code: 1, first: '7\n'});
  const counting = end(t, [], '7');
  t.deepEqual([counting.again(), counting.again(), counting.again()], [0, 0, 1]);
});

test('what is longer ago does not count, and is forgotten', (t) => {
  const {code, again} = end(t, [200, 100, 61, 2], '7');
  t.deepEqual([code, again(), again()], [0, 0, 1]);
});

test('a good end is one of an app that is always restarted alone, and no good one of the pod', (t) => {
  t.like(end(t, [3, 2, 1], '0'), {code: 0, first: ''});
  t.like(end(t, [3, 2, 1], '0', 'always'), {code: 1, first: '1\n'});
});

test('an end of which nothing is recorded is no good one', (t) => {
  t.like(end(t, [3, 2, 1], undefined), {code: 1, first: '1\n'});
});

test('the status of the first app that failed stays', (t) => {
  const {again, written} = end(t, [3, 2, 1], '7');
  t.deepEqual([again(), written()], [1, '7\n']);
});
