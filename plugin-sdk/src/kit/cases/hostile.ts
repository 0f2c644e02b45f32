import {strict as assert} from 'node:assert';
import {spawn} from 'node:child_process';
import {mkdirSync, statSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {Case} from '../case.ts';
import {expectEnd, STAYS, withPod} from '../forms.ts';
import {type Entry, hostTool, tryTool} from '../image.ts';
import {read} from '../outside.ts';
import {until} from '../until.ts';
import type {World} from '../world.ts';

/* What an image or an app tries against the host: S05, S06, S07, S28, S34. */

/** Root file systems that try to turn masks, devices and kernel file systems into something else. */
const BAITS: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  ordinary: {},
  'device-links': {
    '/dev/null': {symlink: '/proc/sysrq-trigger'},
    '/dev/console': {symlink: '/proc/sys/kernel/core_pattern'},
    '/dev/pts': {symlink: '/proc/sys'},
    '/dev/ptmx': {symlink: '/proc/kcore'},
  },
  'dev-is-proc': {'/dev': {symlink: '/proc'}},
  'dev-leads-out': {'/dev': {symlink: '../../../../../../dev'}},
  'sys-is-proc': {'/sys': {symlink: '/proc'}},
  'proc-is-a-link': {'/real': {directory: true}, '/proc': {symlink: '/real'}},
  'etc-is-proc-sys': {'/etc': {symlink: '/proc/sys'}},
  'files-at-kernel-paths': {'/proc/kcore': 'x', '/sys/firmware': 'x', '/dev/shm': 'x'},
};

const LOOKS_AT_MASKS = `
  stat -L -c "null %F %t:%T" /dev/null
  for f in kcore keys timer_list kallsyms interrupts sched_debug; do [ -e /proc/$f ] && echo "$f $(head -c 10 /proc/$f 2>/dev/null | wc -c)"; done
  for d in firmware module fs power; do [ -e /sys/$d ] && echo "sys/$d $(ls -A /sys/$d 2>/dev/null | wc -l)"; done
  for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/panic_on_oom; do
    [ -e $f ] && { (echo x > $f) 2>/dev/null && echo "wrote $f"; }
  done
  umount /proc/kcore 2>/dev/null && echo unmasked
  echo end
`;

const unmasked = (stdout: string): string[] =>
  stdout.split('\n').filter((line) => !/^(null character special file 1:3|\S+\s+0|end|)$/.test(line));

const overProc: Case = {
  id: 'S07/volume-over-proc',
  title: 'a volume at a target that is a symlink to /proc is refused or masked no less',
  needs: ['kernel-paths/masked', 'volume/empty'],
  attempt: async (world) => {
    const {stdout, status} = await world.run({
      script: LOOKS_AT_MASKS,
      image: {files: {'/data': {symlink: '/proc'}}},
      pod: ['--volume=data,kind=empty'],
      app: ['--mount=volume=data,target=/data'],
    });
    if (status === 254) assert.equal(stdout, '');
    else assert.deepEqual(unmasked(stdout), []);
  },
};

const masks = Object.entries(BAITS).map(
  ([name, files]): Case => ({
    id: `S06/${name}`,
    title: `S07: masks and devices hold in an image that tries otherwise: ${name.replaceAll('-', ' ')}`,
    needs: ['kernel-paths/masked'],
    attempt: async (world) => {
      const {stdout, status} = await world.run({script: LOOKS_AT_MASKS, image: {files}});
      assert.notEqual(read('/proc/sys/kernel/core_pattern'), 'x\n');
      // An image with which no proper /dev or /proc can be made may be refused.
      if (status === 254 && name !== 'ordinary') {
        assert.equal(stdout, '');
        return;
      }
      const wrong = stdout.split('\n').filter((line) => !/^(null character special file 1:3|\S+\s+0|end|)$/.test(line));
      assert.deepEqual(wrong, []);
      assert.match(stdout, /end\n$/);
    },
  }),
);

const ENTRIES = (decoy: string): Readonly<Record<string, Entry>> => ({
  'leads-out': {symlink: `../../../../../..${decoy}`},
  link: {symlink: '/real'},
  dangling: {symlink: '/nowhere/at/all'},
  file: {content: 'x'},
  fifo: {fifo: true},
});

const decoyOf = (world: World): string => {
  const decoy = path.join(world.directory, 'decoy');
  mkdirSync(decoy, {recursive: true});
  return decoy;
};

const replaced = ['/proc', '/sys', '/dev'].flatMap((place) =>
  Object.keys(ENTRIES('')).map(
    (what): Case => ({
      id: `S34/${place.slice(1)}-${what}`,
      title: `an image with something else at ${place} gets the real one or is refused: ${what}`,
      needs: ['run'],
      attempt: async (world) => {
        const decoy = decoyOf(world);
        const entry = ENTRIES(decoy)[what] ?? '';
        const {stdout, status} = await world.run({
          script: `[ -d /proc/self/ns ] && [ -d /sys/kernel ] && [ -c /dev/null ] && ! [ -L ${place} ] && echo fine`,
          image: {files: {[place]: entry, '/real': {directory: true}}},
        });
        assert.ok(status === 254 || stdout === 'fine\n', `${status}: ${stdout}`);
        assert.equal(statSync(decoy).nlink, 2);
      },
    }),
  ),
);

const targets = ['/elsewhere', '../../../../../elsewhere'].map(
  (to, index): Case => ({
    id: `S05/target-${index + 1}`,
    title: `a mount target that is a symlink stays inside the rootfs: ${to}`,
    needs: ['volume/host'],
    attempt: async (world) => {
      const place = world.volume({file: 'mine\n'});
      const {stdout, status} = await world.run({
        script: 'cat /elsewhere/file; cat /data/file',
        image: {files: {'/data': {symlink: to}, '/elsewhere': {directory: true}}},
        pod: [`--volume=data,kind=host,source=${place}`],
        app: ['--mount=volume=data,target=/data'],
      });
      if (status === 0) assert.equal(stdout, 'mine\nmine\n');
      else assert.equal(status, 254);
      assert.ok(!read('/proc/self/mountinfo').includes(' /elsewhere '));
    },
  }),
);

/** Looks at whatever process it sees, and tells when one has the host's files. */
const watch = (mark: string, ours: string): string => `echo ready; until [ -e /tmp/over ]; do for p in /proc/[0-9]*; do
  ${ours}[ -e $p/root${mark} ] && echo "root of $p $(cat $p/cmdline)"
  for fd in 0 3 4 5 6 7 8 9 10 11 12 17 18 19 20 21 22 23 24; do ${ours}[ -e $p/fd/$fd${mark} ] && echo "descriptor $fd of $p"; done
done; done; echo over`;

const watcher: Case = {
  id: 'S28/watcher',
  title: 'an app reaches no process of rkt while it enters, runs another pod and looks at this one',
  needs: ['processes/apart', 'enter'],
  attempt: async (world) => {
    const mark = path.join(world.directory, 'only-on-the-host');
    writeFileSync(mark, 'x');
    // Where it sees the processes of the host, those of this world are known by their working directory.
    const ours = world.has('pid/private') ? '' : `[ -e $p/cwd/${path.basename(mark)} ] && `;
    await withPod(world, {script: watch(mark, ours)}, async (pod) => {
      for (let round = 0; round < 2; round++) {
        assert.equal((await world.enter(pod.uuid, 'echo in')).stdout, 'in\n');
        assert.equal((await world.run({script: 'true'})).status, 0);
        assert.equal((await world.rkt(['status', pod.uuid])).status, 0);
      }
      // The end of the app ends its pod, and this with it if it is still there.
      await world.enter(pod.uuid, 'touch /tmp/over');
      assert.equal((await pod.ended).stdout, 'ready\nover\n');
    });
  },
};

const USER = 54_321;

/** Follows a link that only who may trace a process can follow, as a user of the host. */
const lookInto = (pid: number | string) => ['--userspec', `${USER}:${USER}`, '/', '/bin/ls', `/proc/${pid}/root/.`];

const otherUser: Case = {
  id: 'S28/other-user',
  title: 'an app that becomes a user of the host looks into none of its processes, and neither does what enters',
  needs: ['processes/apart'],
  root: true,
  attempt: async (world) => {
    const theirs = spawn(hostTool('chroot'), ['--userspec', `${USER}:${USER}`, '/', hostTool('cat')], {stdio: 'pipe'});
    try {
      await until('it is cat', () => read(`/proc/${theirs.pid}/comm`) === 'cat\n');
      const pid = theirs.pid ?? 0;
      assert.ok(tryTool('chroot', ...lookInto(pid)), 'outside of a pod the same user cannot either');
      const script = `chroot ${lookInto(pid).join(' ')} >/dev/null 2>&1 && echo looked; chroot ${lookInto('self').join(' ')} >/dev/null && echo fine`;
      expectEnd(await world.run({script}), {stdout: 'fine\n'});
      if (!world.has('enter')) return;
      await withPod(world, {script: STAYS}, async ({uuid}) =>
        expectEnd(await world.enter(uuid, script), {stdout: 'fine\n'}),
      );
    } finally {
      theirs.stdin?.end();
    }
  },
};

const privileged = ['CAP_SYS_PTRACE', 'CAP_SYS_ADMIN'].map(
  (capability): Case => ({
    id: `S28/${capability}`,
    title: `${capability} without a user namespace is refused, unless it is said by name`,
    needs: ['os/linux/capabilities-retain-set'],
    without: ['processes/closed'],
    attempt: async (world) => {
      const app = [`--caps-retain=${capability}`];
      const refused = await world.run({script: 'true', app});
      assert.deepEqual([refused.status, refused.code], [254, 'RKT_FLAVOR_CANNOT']);
      assert.match(JSON.stringify(refused.fields), /processes\/closed/);
      assert.equal((await world.run({script: 'true', app, pod: ['--allow-degraded=processes/closed']})).status, 0);
    },
  }),
);

const closed: Case = {
  id: 'S28/closed',
  title: 'an app with every capability for it reaches no process of the host',
  needs: ['processes/closed', 'os/linux/capabilities-retain-set'],
  attempt: async (world) => {
    const mark = path.join(world.directory, 'only-on-the-host');
    writeFileSync(mark, 'x');
    const script = `for p in /proc/[0-9]*; do [ -e $p/root${mark} ] && echo "root of $p"; done; echo end`;
    const app = ['--caps-retain=CAP_SYS_PTRACE,CAP_SYS_ADMIN,CAP_DAC_READ_SEARCH'];
    expectEnd(await world.run({script, app}), {stdout: 'end\n'});
  },
};

export const hostileCases: readonly Case[] = [
  ...masks,
  overProc,
  ...replaced,
  ...targets,
  watcher,
  otherUser,
  closed,
  ...privileged,
];
