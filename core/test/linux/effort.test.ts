import {spawn} from 'node:child_process';
import {readFileSync} from 'node:fs';
import test from 'ava';
import {until} from '../../../test/helpers/until.ts';
import {effortOf} from '../../src/linux/effort.ts';

/** Perl: each process is the child of the one before. They tell their numbers, and sleep. */
const NESTED = '$| = 1; for (2 .. $ARGV[0]) { last if fork } print "$$ "; sleep 1000000';

/** The first of so many, when all are asleep. */
const withNested = async (count: number, look: (pid: number) => void | Promise<void>): Promise<void> => {
  const first = spawn('perl', ['-e', NESTED, String(count)], {stdio: ['ignore', 'pipe', 'inherit'], detached: true});
  try {
    let said = '';
    first.stdout.setEncoding('utf8').on('data', (part: string) => {
      said += part;
    });
    const pids = () => said.split(' ').slice(0, -1);
    await until(() => pids().length === count);
    await until(() => pids().every((pid) => /^State:\sS/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))));
    await look(first.pid ?? 0);
  } finally {
    process.kill(-(first.pid ?? 0), 'SIGKILL');
  }
};

test.serial('children and theirs that all sleep are asleep, and have had a processor', async (t) => {
  await withNested(20, (pid) => {
    const {used, isAsleep} = effortOf(pid);
    t.true(isAsleep);
    t.true(used > 0);
  });
});

test.serial('S10 who has more processes than anybody looks at is not asleep, however deep they are', async (t) => {
  await withNested(260, (pid) => void t.false(effortOf(pid).isAsleep));
});

test('what has ended has no effort', (t) => {
  t.deepEqual(effortOf(2 ** 22 + 1), {used: 0, isAsleep: true});
});
