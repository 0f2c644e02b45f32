import {execFileSync, spawnSync} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {serialTestIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import {compileKernel} from '../../../src/artifact/guest/compile-kernel.ts';
import {BUILDERS} from '../../../src/image/sandbox.ts';
import {scratch} from '../../pod/helpers.ts';

/* What compiles a kernel, by a source that makes another file instead. */

const needs = lacks('root', 'program/make', 'program/xz', 'program/setpriv');
const ELF = '/usr/bin/true';

const compile = (t: ExecutionContext, makefile: string, more: {readonly timeout?: number} = {}) => {
  const directory = scratch(t);
  const [tree, work, source] = ['tree', 'work', 'archive'].map((name) => path.join(directory, name)) as [
    string,
    string,
    string,
  ];
  mkdirSync(path.join(tree, 'linux'), {recursive: true});
  mkdirSync(work);
  writeFileSync(path.join(tree, 'linux/Makefile'), makefile);
  execFileSync('tar', ['--create', '--xz', '--file', source, '-C', tree, 'linux']);
  return {work, ended: compileKernel({source, config: 'CONFIG_A=y\n', work, jobs: 1, note: t.log, ...more})};
};

/** Processes with exactly these arguments. */
const processesOf = (...args: readonly string[]): string[] =>
  readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8') === `${args.join('\0')}\0`;
    } catch {
      // It has ended.
      return false;
    }
  });

/** Capabilities of an app that asks for nothing. */
const CAPABILITIES =
  '+chown,+dac_override,+fowner,+fsetid,+kill,+setgid,+setuid,+setpcap,+net_bind_service,+net_raw,+sys_chroot,+mknod,+audit_write,+setfcap';

/** What somebody who becomes that user can open of a process, as himself or as root. */
const reached = (pid: string, user: number, capabilities: string): string => {
  const look = `for f in root cwd exe; do readlink /proc/${pid}/$f; done; for f in mem environ maps; do true 3</proc/${pid}/$f && echo $f; done; true`;
  const ids = [`--reuid=${user}`, `--regid=${user}`, '--clear-groups', '--inh-caps=-all'];
  const args = [...ids, `--bounding-set=-all${capabilities}`, '--', 'sh', '-c', `(${look}) 2>/dev/null`];
  return spawnSync('setpriv', args, {encoding: 'utf8'}).stdout;
};

serialTestIf(needs)(
  'S28 what compiles a kernel is nobody, offline, writes to its own directory alone, and no app can look into it, whoever it becomes',
  async (t) => {
    const marker = String(10 ** 9 + process.pid);
    const {work, ended} = compile(
      t,
      `allnoconfig:
\techo CONFIG_A=y >.config
vmlinux:
\tfor place in / /usr /etc /dev /build/tmp; do touch $$place/written 2>/dev/null && echo $$place; done >said; ls / >>said; bash -c 'sleep ${marker}; true'
`,
    );
    const failed = t.throwsAsync(ended, {code: 'RKT_KERNEL_BUILD_FAILED', message: /make vmlinux/});
    await until(() => processesOf('sleep', marker).length === 1);
    const shells = processesOf('bash', '-c', `sleep ${marker}; true`);
    const pids = [...processesOf('sleep', marker), ...shells];
    t.is(pids.length, 2);
    for (const pid of pids) {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      const [, ...ids] = /^Uid:\t(\d+)\t(\d+)\t(\d+)\t(\d+)$/m.exec(status) ?? [];
      const user = Number(ids[0]);
      t.true(user >= BUILDERS.first && user < BUILDERS.first + BUILDERS.count);
      t.is(new Set(ids).size, 1);
      t.regex(status, /^Groups:\t *$/m);
      // CAP_BLOCK_SUSPEND and CAP_WAKE_ALARM
      for (const set of ['CapPrm', 'CapEff', 'CapBnd']) t.regex(status, new RegExp(`^${set}:\t0000001800000000$`, 'm'));

      t.deepEqual(
        readFileSync(`/proc/${pid}/net/dev`, 'utf8')
          .match(/^ *\w+(?=:)/gm)
          ?.map((name) => name.trim()),
        ['lo'],
      );
      const limits = readFileSync(`/proc/${pid}/limits`, 'utf8');
      t.regex(limits, /^Max data size +4294967296 /m);
      t.regex(limits, /^Max file size +4294967296 /m);
      t.regex(limits, /^Max processes +4096 /m);
      for (const who of [user, 0])
        for (const capabilities of ['', `,${CAPABILITIES}`])
          t.is(reached(pid, who, capabilities), '', `${who}${capabilities}`);
      // It is there to be looked into.
      t.regex(reached(pid, 0, ',+sys_ptrace,+dac_override'), /^mem$/m);
    }
    t.is(readFileSync(path.join(work, 'build/source/said'), 'utf8').split('\n')[0], '/build/tmp');
    t.notRegex(readFileSync(path.join(work, 'build/source/said'), 'utf8'), /^(etc\/|home|proc|root|tmp|var)$/m);
    // Its child goes with all of it; without one it would end as if it had made something.
    for (const pid of shells) process.kill(Number(pid), 'SIGKILL');
    await failed;
  },
);

serialTestIf(needs)('what it has made is an ELF file, or the build has failed', async (t) => {
  const config = 'allnoconfig:\n\techo CONFIG_A=y >.config\n';
  const kernel = await compile(t, `${config}vmlinux:\n\tcp ${ELF} vmlinux\n`).ended;
  t.is(kernel.toString('latin1', 0, 4), '\x7fELF');
  for (const [made, said] of [
    ['mkdir .config', /\.config: .*regular file/],
    ['mkfifo .config', /\.config: .*regular file/],
    ['ln -s /etc/passwd .config', /\.config: /],
    ['truncate -s 3G .config', /\.config: .*too large/],
    ['true', /\.config: /],
  ] as const)
    await t.throwsAsync(compile(t, `allnoconfig:\n\t${made}\n`).ended, {
      code: 'RKT_KERNEL_BUILD_FAILED',
      message: said,
    });
});

serialTestIf(needs)('a step that does not end is ended, with all that it has started', async (t) => {
  const marker = String(2 * 10 ** 9 + process.pid);
  const {ended} = compile(t, `allnoconfig:\n\tsleep ${marker} & sleep ${marker}\n`, {timeout: 2000});
  await t.throwsAsync(ended, {code: 'RKT_KERNEL_BUILD_FAILED', message: /it has not ended within 2 s/});
  await t.notThrowsAsync(until(() => processesOf('sleep', marker).length === 0));
});
