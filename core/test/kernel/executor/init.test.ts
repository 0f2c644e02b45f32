import {spawn, spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import type {HostPath, PodPath, RootfsPath} from '../../../src/contract/names.ts';
import type {StepOf} from '../../../src/executor/step-of.ts';
import {perform} from '../../../src/executor/steps/init.ts';
import {pod} from '../../support/fixtures.ts';

const kernelTest = testIf(lacks('root', 'program/unshare'));

const BLOCKED = 37;

/** A directory with the program `init`, which becomes a shell, and how that is started in namespaces of its own, after `before`. */
const made = (
  t: ExecutionContext,
  script: string | ((directory: string) => string),
  paths: (directory: string) => {readonly masked?: string[]; readonly readOnly?: string[]} = () => ({}),
  more: Partial<StepOf<'init'>> = {},
) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-init-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const {masked = [], readOnly = []} = paths(directory);
  const step: StepOf<'init'> = {
    id: 'init',
    do: 'init',
    target: 'init' as PodPath,
    blocks: [BLOCKED],
    maskedPaths: masked as RootfsPath[],
    readOnlyPaths: readOnly as RootfsPath[],
    program: '/bin/sh' as RootfsPath,
    argv: ['/bin/sh', '-c', typeof script === 'string' ? script : script(directory), 'name', 'two words'],
    ...more,
  };
  perform(step, {pod: pod({directory: directory as HostPath})} as never);
  const command = (before = ':') => [
    ...['--pid', '--mount', '--fork', '--mount-proc', '--kill-child', '/bin/sh', '-c'],
    `${before} && exec ${directory}/init`,
  ];
  const run = (before?: string) =>
    spawnSync('unshare', command(before), {encoding: 'utf8', env: {ONLY: 'this one'}, timeout: 60_000});
  return {directory, command, run};
};

kernelTest(
  'the supervisor has the arguments that were asked for, and the environment and signals that it was started with',
  (t) => {
    const {run, directory} = made(
      t,
      'tr "\\0" "\\n" </proc/1/environ; printf "%s\\n" "$0" "$1"; readlink /proc/1/exe /proc/2/exe',
    );
    const {status, stdout, stderr} = run();
    t.is(status, 0, stderr);
    const [only, name, words, first, second] = stdout
      .trim()
      .split('\n')
      .filter((line) => !/^(PWD|_|OLDPWD|SHLVL)=/.test(line));
    t.deepEqual([only, name, words, second], ['ONLY=this one', 'name', 'two words', `${directory}/init`]);
    t.not(first, second);
    t.is(statSync(`${directory}/init`).mode & 0o7777, 0o555);
    // A shell unblocks all.
    const grep = {program: '/bin/grep' as RootfsPath, argv: ['grep', '-E', 'Sig(Blk|Ign)', '/proc/1/status']};
    t.is(made(t, '', undefined, grep).run().stdout, 'SigBlk:\t0000001000000000\nSigIgn:\t0000000000000000\n');
  },
);

kernelTest(
  'process 2 has the standard streams and nothing else, is stopped, and only SIGTERM ends it, once it is continued',
  (t) => {
    const look =
      'stopped() { until grep -q "^State:.T" /proc/2/status; do :; done; }; stopped; ' +
      'ls /proc/2/fd; readlink /proc/1/fd/1 /proc/2/fd/1; ' +
      'for signal in INT QUIT HUP USR1 PIPE CHLD CONT STOP; do kill -$signal 2; done; stopped; ' +
      'kill -TERM 2; echo written >>/proc/2/fd/1; cat /proc/2/comm; kill -CONT 2; until ! [ -e /proc/2/fd/0 ]; do :; done';
    const {run, directory} = made(t, look);
    // A socket cannot be opened.
    const {status, stderr} = run(`exec >>${directory}/out 5</dev/null 6</dev/zero`);
    t.is(status, 0, stderr);
    const [zero, one, two, first, second, written, comm] = readFileSync(`${directory}/out`, 'utf8').trim().split('\n');
    t.deepEqual([zero, one, two, written, comm], ['0', '1', '2', 'written', 'init']);
    t.is(first, second);
  },
);

kernelTest('S02 nobody without CAP_SYS_PTRACE looks into process 2', (t) => {
  const bare = ['--bounding-set=-sys_ptrace', '--inh-caps=-sys_ptrace'].join(' ');
  const {stdout} = made(t, `for file in mem fd/0 exe; do setpriv ${bare} cat /proc/2/$file 2>&1; done`).run();
  t.is(stdout.match(/ermission denied/g)?.length, 3, stdout);
});

const PATHS = ({directory}: {directory: string}) => ({
  masked: [
    `${directory}/of-masks/secrets`,
    `${directory}/file`,
    `${directory}/absent`,
    `${directory}/file/absent`,
    `${directory}/file`,
    `${directory}/protected/inner`,
    `${directory}/link`,
    `${directory}/it's a "path"`,
  ],
  readOnly: [`${directory}/protected`, `${directory}/absent`, `${directory}/file/absent`],
});

kernelTest('S07 what is hidden is empty and what is protected is read-only, with what is mounted below', (t) => {
  const {run, directory} = made(
    t,
    (at) =>
      `cd ${at}; ls -A of-masks/secrets protected/inner linked; cat file "it's a \\"path\\""; echo more >file; ` +
      'for place in of-masks/secrets protected protected/below protected/inner linked; do (: >$place/new) 2>&1; done; ' +
      'echo mounts; cat /proc/self/mountinfo',
    (at) => PATHS({directory: at}),
  );
  for (const name of ['of-masks/secrets', 'protected/below', 'protected/inner', 'linked']) {
    mkdirSync(`${directory}/${name}`, {recursive: true});
    writeFileSync(`${directory}/${name}/secret`, 'hidden');
  }
  for (const name of ['file', 'it\'s a "path"']) writeFileSync(`${directory}/${name}`, 'hidden');
  symlinkSync('linked', `${directory}/link`);
  const {stdout, stderr, status} = run(`mount -t tmpfs -o mode=0755 below ${directory}/protected/below`);
  t.is(status, 0, stderr);
  const [seen = '', mountinfo = ''] = stdout.split('mounts\n');
  t.false(/secret|hidden/.test(seen.replaceAll('of-masks/secrets', '')), seen);
  t.is(seen.match(/Read-only file system/g)?.length, 5, seen);
  t.is(readFileSync(`${directory}/file`, 'utf8'), 'hidden');
  const mounts = mountinfo.split('\n').map((line) => line.split(' '));
  const optionsOf = (name: string) =>
    mounts.findLast(([, , , , target]) => target === `${directory}/${name}`)?.[5]?.split(',');
  t.deepEqual(optionsOf('file')?.slice(0, 3), ['ro', 'nosuid', 'noexec']);
  for (const name of ['of-masks/secrets', 'protected', 'protected/below', 'protected/inner', 'linked']) {
    t.deepEqual(optionsOf(name)?.slice(0, 4), ['ro', 'nosuid', 'nodev', 'noexec'], name);
  }
  t.is(optionsOf('absent'), undefined);
});

const TOO_LONG = `/${'x'.repeat(300)}`;

for (const [what, paths, says] of [
  ['hidden', {masked: [TOO_LONG]}, `cannot hide ${TOO_LONG}`],
  ['protected', {readOnly: [TOO_LONG]}, `cannot make ${TOO_LONG} read-only`],
] as const) {
  kernelTest(`S07 nothing runs where a path cannot be ${what}`, (t) => {
    const {status, stdout, stderr} = made(t, 'echo runs', () => structuredClone(paths) as never).run();
    t.deepEqual([status, stdout], [254, '']);
    t.regex(stderr, /^RKT_INIT_FAILED: /);
    t.true(stderr.includes(says), stderr);
  });
}

kernelTest('S07 nothing runs where there is nothing to hide files by', (t) => {
  const {run, directory} = made(t, 'echo runs', (at) => ({masked: [`${at}/file`]}));
  writeFileSync(`${directory}/file`, 'hidden');
  // A mount of its own: its attributes can be changed.
  const {status, stdout, stderr} = run(
    `mount --bind ${directory}/file ${directory}/file && mkdir ${directory}/dev && mount --bind ${directory}/dev /dev`,
  );
  t.deepEqual([status, stdout], [254, '']);
  t.true(stderr.includes('cannot find /dev/null'), stderr);
});

kernelTest('EX-47 nothing runs without what its supervisor needs, or where that is hidden', (t) => {
  for (const [needs, masked] of [
    ['/proc/self/nothere', '/nothere'],
    ['/sys/kernel/mm', '/sys/kernel'],
  ] as const) {
    const more = {needs: ['/proc/self/status', needs] as RootfsPath[]};
    const {status, stdout, stderr} = made(t, 'echo runs', () => ({masked: [masked]}), more).run();
    t.deepEqual([status, stdout], [254, '']);
    t.true(stderr.includes(`cannot find ${needs}`), stderr);
  }
  t.is(made(t, 'echo runs', undefined, {needs: ['/proc/self/status'] as RootfsPath[]}).run().stdout, 'runs\n');
});

kernelTest('a supervisor that cannot be executed is said', (t) => {
  const {status, stderr} = made(t, '', undefined, {program: '/nowhere/systemd' as RootfsPath}).run();
  t.is(status, 254);
  t.true(stderr.includes('cannot become /nowhere/systemd'), stderr);
});

kernelTest('it ends when its parent ends', async (t) => {
  const {command} = made(t, 'echo ready; exec sleep 1000');
  // Without --kill-child nothing else would end it.
  const child = spawn(
    'unshare',
    command().filter((word) => word !== '--kill-child'),
    {stdio: ['ignore', 'pipe', 'inherit']},
  );
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const ended = new Promise((resolve) => child.stdout.once('close', resolve));
  child.kill('SIGKILL');
  // Both processes of the pod have this pipe.
  await ended;
  t.pass();
});
