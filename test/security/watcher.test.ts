import {spawn} from 'node:child_process';
import {chmodSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {leaderOf} from '../helpers/nspawn.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {imageRounds} from './support/image-round.ts';

/* S28: an app of an nspawn pod that looks into whatever it sees, while images and pods are worked on outside. */

const LONG = env.RKT_TEST_LONG === '1';

const PTRACE = '--caps-retain=CAP_SYS_PTRACE,CAP_DAC_OVERRIDE,CAP_DAC_READ_SEARCH';
const pods: Readonly<Record<string, {pod?: string[]; app?: string[]; user?: boolean}>> = {
  'with the default capabilities': {},
  'in a user namespace': {pod: ['--private-users'], user: true},
  'with CAP_SYS_PTRACE in a user namespace': {pod: ['--private-users'], app: [PTRACE], user: true},
};

for (const [what, {user = false, ...options}] of Object.entries(pods)) {
  serialTestIf(lacksPods('overlay', 'program/systemd-nspawn', 'program/nsenter', 'program/setpriv'))(
    `S28 nspawn: an app ${what} reaches no process of the host, whatever is done with images`,
    async (t) => {
      if (LONG) t.timeout(6 * 3_600_000);
      const host = openHost();
      t.teardown(() => host.close());
      // Where whoever has the host's root directory gets to: what keeps the app out is not the mode of a directory.
      const open = mkdtempSync('/tmp/rkt-test-open-');
      t.teardown(() => rmSync(open, {recursive: true}));
      chmodSync(open, 0o755);
      const mark = path.join(open, 'only-on-the-host');
      writeFileSync(mark, 'x');
      // Who may look at the root directory may attach, but for what a security module says: the kernel asks the same question for both.
      const watch = `echo ready; while :; do for p in /proc/[0-9]*; do
        for at in root cwd fd/0 fd/1 fd/2 fd/3 fd/4 fd/5 fd/6 fd/7 fd/8 fd/9 fd/10 fd/11 fd/12 fd/17 fd/18 fd/19 fd/20 fd/21 fd/22; do
          [ -e $p/$at${mark} ] && echo "reached $at of $p $(tr '\\0' ' ' <$p/cmdline)"
        done
      done; echo round; done`;
      const watcher = await host.start(watch, {stage1: 'nspawn', ...options});
      let said = '';
      watcher.child.stdout?.on('data', (bytes: Buffer) => {
        said += bytes.toString();
      });
      const looked = async () => {
        const rounds = (): number => said.split('\nround').length;
        const from = rounds();
        await until(() => rounds() >= from + 2);
      };
      await imageRounds(t, host, {
        count: LONG ? 1000 : 1,
        stays: watcher.uuid,
        options: {stage1: 'nspawn', app: ['--stdout=log'], pod: ['--no-overlay']},
      });
      await looked();
      t.deepEqual(said.match(/^reached .*$/gm), null);
      // It sees what there is to be seen: a process of its own ids, in its namespace, with the host's files.
      const target = String(leaderOf(watcher.uuid));
      const into = ['--target', target, '--pid', ...(user ? ['--user'] : []), '--', 'setpriv', '--bounding-set=-all'];
      const visible = spawn('nsenter', [...into, '--inh-caps=-all', '--', 'cat'], {
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      t.teardown(() => visible.stdin.end());
      await until(() => /^reached root of /m.test(said));
      visible.stdin.end();
      await watcher.end();
    },
  );
}
