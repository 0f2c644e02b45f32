import {mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import test from 'ava';
import {openHost} from '../helpers/host.ts';
import type {Entry} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {PROBE, parseProbe} from '../helpers/probe.ts';
import {testIf} from '../helpers/skip.ts';

/* S05, S06, S07, S14, S17: what an image or another pod tries, and what becomes of it, with each flavor. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const ROUNDS = env.RKT_TEST_LONG ? 50 : 5;

kernelTest('S05 a source that is swapped for a symlink while pods start never leads elsewhere', async (t) => {
  const place = path.join(host.directory, 'shared');
  const target = path.join(place, 'data');
  const spare = path.join(place, 'spare');
  mkdirSync(target, {recursive: true});
  writeFileSync(path.join(target, 'right'), 'x');
  const decoy = path.join(host.directory, 'decoy');
  mkdirSync(decoy);
  writeFileSync(path.join(decoy, 'secret'), 'x');
  let over = false;
  const swap = async () => {
    while (!over) {
      renameSync(target, spare);
      symlinkSync(decoy, target);
      await new Promise(setImmediate);
      rmSync(target);
      renameSync(spare, target);
      await new Promise(setImmediate);
    }
  };
  const swapping = swap();
  const codes = new Set<string>();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const results = await Promise.all(
        [0, 1].map(() =>
          host.sh('ls /data', {
            pod: [`--volume=data,kind=host,source=${target}`],
            app: ['--mount=volume=data,target=/data'],
          }),
        ),
      );
      for (const {stdout, exitCode, error} of results) {
        if (exitCode === 0) t.is(stdout, 'right\n');
        else codes.add(error?.code === 'RKT_INTERNAL' ? error.message : (error?.code ?? 'none'));
      }
    }
  } finally {
    over = true;
    await swapping;
  }
  // Whoever looks first sees a directory, a link or nothing; the executor looks again.
  t.deepEqual(
    [...codes].filter((code) => !/^RKT_(VOLUME|BIND)_SOURCE_(SYMLINK|MISSING|UNUSABLE)$/.test(code)),
    [],
  );
});

const MOUNTED_ELSEWHERE = '/elsewhere';
kernelTest('S05 a mount target that is a symlink in the image stays inside the rootfs', async (t) => {
  const source = path.join(host.directory, 'source');
  mkdirSync(source);
  writeFileSync(path.join(source, 'file'), 'mine\n');
  for (const to of [MOUNTED_ELSEWHERE, `../../../../..${MOUNTED_ELSEWHERE}`]) {
    const {stdout, exitCode} = await host.sh(`cat ${MOUNTED_ELSEWHERE}/file; cat /data/file`, {
      image: {files: {'/data': {symlink: to}, [MOUNTED_ELSEWHERE]: {directory: true}}},
      pod: [`--volume=data,kind=host,source=${source}`],
      app: ['--mount=volume=data,target=/data'],
    });
    // Either the link is followed inside the rootfs, or the pod is refused; never outside.
    if (exitCode === 0) t.is(stdout, 'mine\nmine\n');
    else t.is(exitCode, 254);
  }
  t.false(readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${MOUNTED_ELSEWHERE} `));
});

/** Rootfs that try to turn masks, devices and kernel file systems into something else. */
const baits: Readonly<Record<string, Readonly<Record<string, Entry>>>> = {
  'devices are symlinks to procfs': {
    '/dev/null': {symlink: '/proc/sysrq-trigger'},
    '/dev/console': {symlink: '/proc/sys/kernel/core_pattern'},
    '/dev/pts': {symlink: '/proc/sys'},
    '/dev/ptmx': {symlink: '/proc/kcore'},
  },
  '/dev is a symlink to /proc': {'/dev': {symlink: '/proc'}},
  '/dev is a symlink out of the rootfs': {'/dev': {symlink: '../../../../../../dev'}},
  '/sys is a symlink to /proc': {'/sys': {symlink: '/proc'}},
  '/proc is a symlink to a directory': {'/real': {directory: true}, '/proc': {symlink: '/real'}},
  '/etc is a symlink to /proc/sys': {'/etc': {symlink: '/proc/sys'}},
  'the rootfs has files where the kernel paths are': {'/proc/kcore': 'x', '/sys/firmware': 'x', '/dev/shm': 'x'},
};

const CHECK_MASKS = `
  stat -L -c "null %F %t:%T" /dev/null
  for f in kcore keys timer_list kallsyms interrupts sched_debug; do [ -e /proc/$f ] && echo "$f $(head -c 10 /proc/$f 2>/dev/null | wc -c)"; done
  for d in firmware module fs power; do [ -e /sys/$d ] && echo "sys/$d $(ls -A /sys/$d 2>/dev/null | wc -l)"; done
  for f in /proc/sysrq-trigger /proc/sys/kernel/core_pattern /proc/sys/kernel/modprobe /proc/sys/vm/panic_on_oom; do
    [ -e $f ] && { (echo x > $f) 2>/dev/null && echo "wrote $f"; }
  done
  umount /proc/kcore 2>/dev/null && echo unmasked
  echo end
`;
const masksHold = (stdout: string) =>
  stdout.split('\n').filter((line) => !/^(null character special file 1:3|\S+ 0|end|)$/.test(line));

for (const [what, files] of Object.entries({'an ordinary rootfs': {}, ...baits})) {
  kernelTest(`S06 S07 masks and devices hold: ${what}`, async (t) => {
    const {stdout, exitCode} = await host.sh(CHECK_MASKS, {image: {files}});
    // An image with which no proper /dev or /proc can be made may be refused.
    if (exitCode === 254 && what !== 'an ordinary rootfs') t.is(stdout, '');
    else {
      t.deepEqual(masksHold(stdout), []);
      t.true(stdout.endsWith('end\n'));
    }
    t.not(readFileSync('/proc/sys/kernel/core_pattern', 'utf8'), 'x\n');
  });
}

kernelTest('S07 nothing below /proc/sys, /sys and the other kernel paths can be written', async (t) => {
  const {stdout} = await host.sh(`
    find /proc/sys /sys -type f 2>/dev/null | while read f; do
      { true >> $f; } 2>/dev/null && echo "$f"
    done | head -5
    for m in /proc /sys; do mount -o remount,rw $m 2>/dev/null && echo "remounted $m"; done
    mkdir /tmp/cg && mount -t cgroup2 none /tmp/cg 2>/dev/null && echo "mounted cgroups"
    mount -t cgroup -o memory none /tmp/cg 2>/dev/null && echo "mounted cgroups"
    mount -t proc none /tmp/cg 2>/dev/null && echo "mounted proc"
    echo end`);
  t.is(stdout, 'end\n');
});

kernelTest('S07 a volume at a target that is a symlink to /proc is refused or masked no less', async (t) => {
  const {stdout, exitCode} = await host.sh(CHECK_MASKS, {
    image: {files: {'/data': {symlink: '/proc'}}},
    pod: ['--volume=data,kind=empty'],
    app: ['--mount=volume=data,target=/data'],
  });
  if (exitCode !== 254) t.deepEqual(masksHold(stdout), []);
  else t.is(stdout, '');
});

kernelTest('S14 PO-14 IM-25 user annotations and labels change nothing', async (t) => {
  const app = {userAnnotations: {'example.com/a': 'x'}, userLabels: {tier: 'x'}};
  t.is((await host.sh('echo ran', {image: {app}})).stdout, 'ran\n');
});

kernelTest('S17 every mount of a pod is private', async (t) => {
  const {stdout} = await host.sh(PROBE, {
    pod: ['--volume=data,kind=host,source=/dev'],
    app: ['--mount=volume=data,target=/data'],
  });
  t.deepEqual(
    parseProbe(stdout).mounts.filter(({propagation}) => propagation.length > 0),
    [],
  );
});

kernelTest('S17 what a host mounts later in a volume does not show in a pod, nor the other way round', async (t) => {
  const {stdout} = await host.sh('mount -t tmpfs x /data 2>/dev/null; echo $?', {
    pod: ['--insecure-options=seccomp', '--allow-degraded=processes/closed', '--volume=data,kind=empty'],
    app: ['--mount=volume=data,target=/data', '--caps-retain=CAP_SYS_ADMIN'],
  });
  t.is(stdout, '0\n');
  t.false(readFileSync('/proc/self/mountinfo', 'utf8').includes(host.directory));
});
