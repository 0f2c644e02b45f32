import {spawn} from 'node:child_process';
import {chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import {type Host, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {leaderOf} from '../helpers/nspawn.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';
import {fetchThatWaits, imageRounds} from './support/image-round.ts';
import {watch} from './support/watch.ts';

/* S28: an app that looks into whatever it sees, and tries to trace and to read it, while images and pods are worked on outside. */

const LONG = env.RKT_TEST_LONG === '1';

interface Watcher {
  readonly stage1: 'fly' | 'nspawn';
  readonly pod?: string[];
  readonly app?: string[];
}
const PTRACE = '--caps-retain=CAP_SYS_PTRACE,CAP_DAC_OVERRIDE,CAP_DAC_READ_SEARCH';
const watchers: Readonly<Record<string, Watcher>> = {
  'fly: an app': {stage1: 'fly'},
  'nspawn: an app with the default capabilities': {stage1: 'nspawn'},
  'nspawn: an app in a user namespace': {stage1: 'nspawn', pod: ['--private-users']},
  'nspawn: an app with CAP_SYS_PTRACE in a user namespace': {
    stage1: 'nspawn',
    pod: ['--private-users'],
    app: [PTRACE],
  },
};

const NEEDS = {
  fly: ['overlay', 'program/perl', 'program/python3'],
  nspawn: [
    'overlay',
    'program/perl',
    'program/python3',
    'program/systemd-nspawn',
    'program/nsenter',
    'program/setpriv',
  ],
} as const;

/** perl makes any system call. */
const perlImage = async (host: Host): Promise<string> => {
  const image = path.join(host.directory, 'perl.aci');
  const names = ['--name=example.com/perl', '--exec=sh', '-o', image];
  const {exitCode, stderr} = await host.rkt(['image', 'build', '--from-host', 'perl', 'sh', 'cat', ...names]);
  if (exitCode !== 0) throw new Error(stderr);
  return image;
};

/** Whether who may trace a process may do so if it is no child of its own, too. */
const tracesAll = (): boolean => {
  try {
    return readFileSync('/proc/sys/kernel/yama/ptrace_scope', 'utf8').trim() === '0';
  } catch {
    return true;
  }
};

for (const [who, options] of Object.entries(watchers)) {
  const {stage1} = options;
  serialTestIf(lacksPods(...NEEDS[stage1]))(
    `S28 ${who} reaches no process of the host, whatever is done with images and pods`,
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
      const watcher = await host.start(watch(mark, stage1), {...options, image: await perlImage(host)});
      const said = new Set<string>();
      let [rounds, rest] = [0, ''];
      watcher.child.stdout?.on('data', (bytes: Buffer) => {
        const lines = `${rest}${bytes}`.split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          if (line === 'round') rounds++;
          else if (/^(control|reached) /.test(line)) said.add(line);
        }
      });
      /** It has looked at everything that is there now. */
      const looked = async () => {
        const from = rounds;
        watcher.child.stdin?.write('\n');
        await until(() => rounds > from, LONG ? 600_000 : undefined);
      };
      await fetchThatWaits(t, host, looked);
      await imageRounds(t, host, {
        count: LONG ? 1000 : 1,
        stays: watcher.uuid,
        looked,
        flavors: LONG || (stage1 === 'fly' && lacksPods(...NEEDS.nspawn) === undefined),
        options: {stage1, app: ['--stdout=log'], pod: ['--no-overlay']},
      });
      await looked();
      // But what it has made itself.
      t.deepEqual([...said].sort(), ['control attach', 'control read', 'control seize']);
      if (stage1 === 'nspawn') {
        // It sees what there is to be seen: a process of its own ids, in its namespace, with the host's files.
        const into = ['--target', String(leaderOf(watcher.uuid)), '--pid', ...(options.pod ? ['--user'] : []), '--'];
        const bare = ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--', 'cat'];
        const visible = spawn('nsenter', [...into, ...bare], {stdio: ['pipe', 'ignore', 'inherit']});
        // nsenter stops itself when who attaches has stopped its child, and nobody would let it go on.
        t.teardown(() => visible.kill('SIGKILL'));
        for (const by of ['look', ...(tracesAll() ? ['seize', 'attach', 'read'] : [])]) {
          await until(() => [...said].some((line) => line.startsWith(`reached by ${by} `)));
        }
        visible.kill('SIGKILL');
      }
      await watcher.end();
    },
  );
}
