import {existsSync, readdirSync} from 'node:fs';
import path from 'node:path';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {openTerminal} from '../helpers/terminal.ts';
import {until} from '../helpers/until.ts';
import {openUser, type User} from '../helpers/user.ts';

/* An ordinary user at a terminal: what is entered has one of the pod's, which is that of the app's user. */

const FIRST = 1_234_000;

/** A pod that stays until its input ends. */
const startPod = async (user: User, ...app: readonly string[]) => {
  const image = await user.fetch();
  const child = user.start([
    ...['run', '--stage1=fly', image, ...app, '--exec=/bin/sh', '--', '-c', 'echo ready; cat'],
  ]);
  let seen = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    seen += chunk.toString();
  });
  await until(() => seen.includes('ready'));
  const [uuid = ''] = readdirSync(path.join(user.data, 'pods/run'));
  return {child, image, uuid};
};

const enters = (title: string, lacking: string | undefined, open: () => User, app: readonly string[], owner: number) =>
  testIf(lacking)(title, async (t) => {
    const user = open();
    t.teardown(() => user.close());
    const {child, image, uuid} = await startPod(user, ...app);
    const script = 'tty; stat -c "%u:%a" "$(tty)"; echo x >/dev/stdout; read -r line; echo "<$line>"; exit 3';
    const terminal = openTerminal(user.command('enter', uuid, '/bin/sh', '-c', script));
    t.teardown(terminal.close);
    const [, seenOwner] = await terminal.see(/\/dev\/pts\/\d+\r\n(\d+):600\r\nx\r\n/);
    t.is(Number(seenOwner), owner);
    terminal.type('typed\n');
    await terminal.see(/<typed>/);
    t.like(await terminal.ended, {status: 3, restored: true});
    child.stdin?.end();
    await child;
    const run = ['run', '--stage1=fly', '--interactive', image, ...app, '--exec=/bin/sh', '--', '-c', script];
    const interactive = openTerminal(user.command(...run));
    t.teardown(interactive.close);
    await interactive.see(/\/dev\/console\r\n/);
    interactive.type('typed\n');
    await interactive.see(/<typed>/);
    t.like(await interactive.ended, {status: 3, restored: true});
    // This terminal is root's.
    const plain = openTerminal(
      user.command('run', '--stage1=fly', image, ...app, '--exec=/bin/sh', '--', '-c', 'echo written; exit 4'),
    );
    t.teardown(plain.close);
    await plain.see(/^written/m);
    t.like(await plain.ended, {status: 4, restored: true});
  });

const lacking = lacksPods('program/setpriv', 'program/python3', 'overlay');
const lackingIds =
  lacking ??
  lacksPods('program/newuidmap') ??
  (existsSync('/etc/subuid') && existsSync('/etc/subgid') ? undefined : 'no /etc/subuid');

enters('what a user with one id enters on a terminal has one', lacking, () => openUser(), [], 0);
enters(
  "with subordinate ids it is the app's user's",
  lackingIds,
  () => openUser({subordinate: FIRST}),
  ['--user=1000', '--group=100'],
  1000,
);
