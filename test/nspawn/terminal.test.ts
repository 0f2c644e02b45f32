import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {runApps} from '../helpers/nspawn.ts';
import {testIf} from '../helpers/skip.ts';
import {openTerminal, type Terminal} from '../helpers/terminal.ts';
import {awaitTold, tell} from './support/scripts.ts';

/* A terminal of one app in a pod of several. */

const host = openHost();
const opened: Terminal[] = [];
test.after.always(async () => {
  for (const terminal of opened) terminal.close();
  await host.close();
});
const kernelTest = testIf(lacksPods('program/systemd-nspawn', 'program/python3'));

const LOOK =
  'for n in 0 1 2; do test -t $n && echo "$n is one"; done; (: </dev/console) 2>/dev/null && echo opened; cat; echo said >&2';

kernelTest('the app with --stdin=tty has the terminal, whichever it is, and the others log', async (t) => {
  const file = path.join(host.directory, 'uuid');
  const args = runApps(
    ['--interactive', `--uuid-file-save=${file}`],
    {name: 'beside', script: `${LOOK}; echo done; ${tell('beside')}`},
    {
      name: 'shell',
      script: `for n in 0 1 2; do test -t $n && echo "$n is"; done; ${awaitTold('beside')}; read -r word; echo "<$word>"; exit 7`,
      flags: ['--stdin=tty'],
    },
  );
  const terminal = openTerminal(host.command(...args));
  opened.push(terminal);
  await terminal.see(/0 is\r\n1 is\r\n2 is\r\n/);
  terminal.type('typed\n');
  await terminal.see(/<typed>/);
  const {status, restored, text} = await terminal.ended;
  t.deepEqual([status, restored], [7, true], text);
  t.notRegex(text, /done|said|is one|opened/);
  const logs = await host.rkt(['logs', '--app=beside', readFileSync(file, 'utf8').trim()]);
  t.deepEqual([logs.stdout, logs.stderr], ['done\n', 'said\n']);
});

kernelTest('what the other apps write is kept when the one with the terminal has ended', async (t) => {
  const file = path.join(host.directory, 'uuid-after');
  const args = runApps(
    ['--interactive', `--uuid-file-save=${file}`, '--volume=both,kind=empty'],
    {name: 'shell', script: 'echo shell; touch /both/over', flags: ['--stdin=tty', '--mount=volume=both,target=/both']},
    {
      name: 'beside',
      script: 'until test -e /both/over; do sleep 0.1; done; echo later; exit 3',
      flags: ['--mount=volume=both,target=/both'],
    },
  );
  const terminal = openTerminal(host.command(...args));
  opened.push(terminal);
  await terminal.see(/shell/);
  t.is((await terminal.ended).status, 3);
  t.is((await host.rkt(['logs', '--app=beside', readFileSync(file, 'utf8').trim()])).stdout, 'later\n');
});

kernelTest(
  'without a terminal the app with --stdin=tty has none, and the one with --stdin=stream reads what rkt does',
  async (t) => {
    const apps = (flag: string) =>
      runApps(['--interactive'], {name: 'a', script: 'cat', flags: [flag]}, {name: 'b', script: 'cat; echo b'});
    const {exitCode, error} = await host.rkt(apps('--stdin=tty'));
    t.deepEqual([exitCode, error?.code], [254, 'RKT_POD_TERMINAL_MISSING']);
    const {stdout} = await host.rkt(apps('--stdin=stream'), {input: 'given\n'});
    t.deepEqual(stdout.split('\n').sort(), ['', 'b', 'given']);
  },
);
