import test from 'ava';
import {commands} from '../../src/cli/commands.ts';
import {commandHabit, flagHabit} from '../../src/cli/habits.ts';

/* What people type who know other engines, and what they are told. */

for (const [typed, told] of [
  ['restart', 'rkt stop and then rkt run'],
  ['start', 'rkt run-prepared'],
  ['system', 'rkt gc'],
  ['info', 'rkt version'],
  ['login', 'no registries yet'],
  ['push', 'no registries yet'],
  ['search', 'no registries yet'],
  ['image load', 'rkt fetch'],
  ['cp', 'rkt export'],
  ['stats', 'systemd-cgtop'],
  ['top', 'rkt enter UUID ps'],
  ['volume', '--volume'],
] as const)
  test(`command of others: ${typed}`, (t) => {
    t.true(commandHabit(typed)?.includes(told), commandHabit(typed));
    t.false(Object.hasOwn(commands, typed));
  });

for (const [line, told] of [
  ['run -p', 'leave it out'],
  ['run --publish', 'leave it out'],
  ['run -P', 'leave it out'],
  ['run --privileged', '--caps-retain=CAP,…'],
  ['run --device', 'source=/dev/DEVICE'],
  ['run --tmpfs', 'kind=empty'],
  ['run --cpus', '--cpu=CORES'],
  ['run --pids-limit', '--pids=N'],
  ['run --ulimit', '--rlimit='],
  ['run --label', '--user-label='],
  ['run --pull', '--pull-policy='],
  ['run --cidfile', '--uuid-file-save='],
  ['run --security-opt', '--seccomp='],
  ['run --device-read-bps', '--block-bandwidth='],
  ['run --device-write-iops', '--block-iops='],
  ['enter -it', 'leave it out'],
  ['enter -t', 'leave it out'],
  ['list -a', 'all are listed'],
  ['list -q', '--format=json'],
  ['logs -n', '--tail=N'],
  ['logs -t', '--format=json'],
  ['stop -t', 'ten seconds'],
  ['stop -f', 'write --force'],
  ['rm -f', 'rkt stop --force'],
  ['rm --force', 'rkt stop --force'],
  ['status -f', undefined],
  ['list --ulimit', undefined],
] as const)
  test(`flag of others: ${line}`, async (t) => {
    const [name = '', typed = ''] = line.split(' ');
    const hint = flagHabit(typed, (await commands[name]?.load())?.command.flags ?? {});
    if (told === undefined) t.is(hint, undefined);
    else t.true(hint?.includes(told), hint);
  });
