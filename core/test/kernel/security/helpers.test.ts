import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {constants, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {gzipSync} from 'node:zlib';
import test from 'ava';
import {openHost} from '../../../../test/helpers/host.ts';
import {buildImage} from '../../../../test/helpers/image.ts';
import {lacks, lacksPods} from '../../../../test/helpers/lacks.ts';
import {serialTestIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import {program} from '../../../../test/runner/packages.ts';
import type {HostPath} from '../../../src/contract/names.ts';
import {bsdtarCreate, bsdtarExtract, decompressor, type HostCommand} from '../../../src/image/sandbox.ts';
import {startTool} from '../../../src/image/tool.ts';
import {O_PATH, openHost as openFile} from '../../../src/linux/openat2.ts';
import {builtFixture} from '../executor/built-fixture.ts';
import {file, image} from '../image/support/tar.ts';

const needs = lacks('root', 'program/bsdtar');

/** Those of an app that asks for nothing. */
const CAPABILITIES =
  'chown,dac_override,fowner,fsetid,kill,setgid,setuid,setpcap,net_bind_service,net_raw,sys_chroot,mknod,audit_write,setfcap'
    .split(',')
    .map((name) => `+${name}`)
    .join(',');

/** What an app of some user finds when it looks into a process of the host. */
const lookInto = (pid: number, ids: readonly string[]): string => {
  // Which numbers there are is no secret; what they are is.
  const look = `for f in root cwd exe fd/0 fd/1 fd/2; do [ -e /proc/${pid}/$f ] && echo $f; readlink /proc/${pid}/$f; done; cat /proc/${pid}/environ /proc/${pid}/maps`;
  const args = [
    ...ids,
    '--clear-groups',
    '--inh-caps=-all',
    `--bounding-set=-all,${CAPABILITIES}`,
    '--',
    'sh',
    '-c',
    `${look} 2>/dev/null`,
  ];
  return spawnSync(program('setpriv') ?? 'setpriv', args, {encoding: 'utf8'}).stdout.trim();
};

const IDS = [
  ['--reuid=0', '--regid=0'],
  ['--reuid=65533', '--regid=65533'],
  ['--reuid=65534', '--regid=65534'],
  ['--ruid=65533', '--euid=65534', '--rgid=65533', '--egid=65534'],
] as const;

const statusOf = (pid: number): string => readFileSync(`/proc/${pid}/status`, 'utf8');

/** Starts a helper that waits, and calls `look` when it has become its last program. */
const withHelper = async (command: HostCommand, name: string, look: (pid: number) => void): Promise<void> => {
  const tool = startTool(command, 'pipe', 'pipe');
  try {
    const pid = tool.pid ?? 0;
    await until(() => new RegExp(`^Name:\\s${name}$`, 'm').test(statusOf(pid)));
    look(pid);
  } finally {
    tool.kill();
    await tool.ended;
  }
};

serialTestIf(needs)(
  'S28 no app can look into a helper that unpacks, packs or decompresses, whoever it becomes',
  async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-helpers-'));
    try {
      // More than a pipe holds.
      mkdirSync(path.join(directory, 'tree'));
      writeFileSync(path.join(directory, 'tree/large'), Buffer.alloc(4 * 2 ** 20));
      using tree = openFile(path.join(directory, 'tree'), O_PATH | constants.O_DIRECTORY);
      const commands: readonly (readonly [string, HostCommand])[] = [
        ['bsdtar', bsdtarExtract(tree)],
        ['bsdtar', bsdtarCreate(tree, ['.'])],
        ['bsdcat', decompressor(2 ** 29)],
      ];
      for (const [name, command] of commands) {
        await withHelper(command, name, (pid) => {
          for (const ids of IDS) t.is(lookInto(pid, ids), '', `${command.args.join(' ')}, as ${ids.join(' ')}`);
          // The first process of its own namespace, in a root directory of its own.
          t.regex(statusOf(pid), /^NSpid:\t\d+\t1$/m);
          t.false(readdirSync(`/proc/${pid}/root`).includes('proc'));
          t.false(readdirSync(`/proc/${pid}/root`).includes('tmp'));
        });
      }
    } finally {
      rmSync(directory, {recursive: true});
    }
  },
);

serialTestIf(needs)('S28 who starts a helper is what it was before', (t) => {
  const state = () => [
    process.cwd(),
    readdirSync('/').sort(),
    ...['mnt', 'pid', 'pid_for_children'].map((kind) =>
      spawnSync('readlink', [`/proc/self/ns/${kind}`]).stdout.toString(),
    ),
    statusOf(process.pid).match(/^(Uid|Gid|Groups|Cap\w+|NoNewPrivs):.*$/gm),
  ];
  const before = state();
  const tool = startTool(decompressor(2 ** 29), 'ignore', 'ignore');
  tool.kill();
  t.deepEqual(state(), before);
  t.throws(() =>
    startTool(
      {file: '/usr/bin/true' as HostPath, args: [], shown: [{at: '/x', file: {} as never}]},
      'ignore',
      'ignore',
    ),
  );
  t.deepEqual(state(), before);
});

serialTestIf(needs)('S28 no app can look into what relays the streams of a pod', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-relays-'));
  const file = path.join(directory, 'pids');
  // Both are sockets.
  const child = spawn(process.execPath, [...builtFixture(new URL('fixtures/relay.ts', import.meta.url)), file], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const read = (): number[] => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8') || '[]') : []);
  let pids: number[] = [];
  try {
    await until(() => read().length === 2);
    pids = read();
    for (const pid of pids) {
      await until(() => /^Name:\scat$/m.test(statusOf(pid)));
      for (const ids of IDS) t.is(lookInto(pid, ids), '', ids.join(' '));
      t.regex(statusOf(pid), /^NSpid:\t\d+\t1$/m);
      t.false(readdirSync(`/proc/${pid}/root`).some((name) => ['proc', 'root', 'tmp'].includes(name)));
    }
  } finally {
    child.kill('SIGKILL');
    rmSync(directory, {recursive: true});
  }
  await until(() => pids.every((pid) => !existsSync(`/proc/${pid}`)));
});

serialTestIf(needs)('S28 no app can look into a program that is asked for its version', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-version-'));
  const at = (name: string) => path.join(directory, name);
  spawnSync('mkfifo', [at('go')]);
  writeFileSync(
    at('program'),
    `#!/bin/sh\necho $$ >${at('new')}\nmv ${at('new')} ${at('pid')}\nread line <${at('go')}\n`,
    {
      mode: 0o755,
    },
  );
  const child = spawn(
    process.execPath,
    [...builtFixture(new URL('fixtures/version.ts', import.meta.url)), at('program')],
    {stdio: ['ignore', 'ignore', 'inherit']},
  );
  const ended = once(child, 'exit');
  try {
    await until(() => existsSync(at('pid')));
    const pid = Number(readFileSync(at('pid'), 'utf8'));
    for (const ids of IDS) t.is(lookInto(pid, ids), '', ids.join(' '));
    writeFileSync(at('go'), '\n');
    t.deepEqual(await ended, [0, null]);
  } finally {
    child.kill('SIGKILL');
    rmSync(directory, {recursive: true});
  }
});

/*
 * Goes through all processes again and again, tries to look into each, and says into whose it could: those that are no part of the pod, with what they are and
 * whose children they are.
 */
const WATCH = `
echo ready
while :; do
  for d in /proc/[0-9]*; do
    [ -e $d/root/watcher ] && continue
    set -- $d/fd/*
    if [ -e $d/root/. ] || [ -e "$1" ]; then
      p=$(basename $d); above=
      while [ "$p" -gt 1 ] 2>/dev/null; do
        q=$(sed -n 's/^PPid:[^0-9]*//p' /proc/$p/status 2>/dev/null)
        [ -z "$q" ] && break
        above="$above $q"; p=$q
      done
      echo "reached$above : $(tr '\\0' ' ' < $d/cmdline)"
    fi
  done
  echo round
done
`;

const host = openHost();
test.after.always(() => host.close());

serialTestIf(lacksPods('overlay'))(
  'S28 fly: an app that looks into every process reaches none of ours, whatever is done on the host',
  async (t) => {
    const files = {'/watcher': '', '/var/lib/large': Buffer.alloc(8 * 2 ** 20, 'large').toString()};
    const watcher = await host.start(WATCH, {stage1: 'fly', image: {name: 'example.com/watcher', files}});
    let said = '';
    watcher.child.stdout?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    const rounds = (): number => said.split('\nround').length - 1;
    /** The watcher has looked at everything that is there now. */
    const looked = async (): Promise<void> => {
      const from = rounds();
      await until(() => rounds() >= from + 2);
    };
    try {
      // A fetch that waits for the rest of its archive, with both of its helpers.
      const large = gzipSync(image(file('rootfs/large', Buffer.alloc(8 * 2 ** 20, 'x'))), {level: 0});
      const fifo = path.join(host.directory, 'fifo.aci');
      spawnSync('mkfifo', [fifo]);
      const fetched = host.rkt(['--insecure-options=image', 'fetch', fifo]);
      const feed = spawn('sh', ['-c', `cat > ${fifo}`], {stdio: ['pipe', 'ignore', 'ignore']});
      feed.stdin.write(large.subarray(0, large.length / 2));
      await until(() => readdirSync(path.join(host.data, 'cas/tmp')).length > 0);
      await looked();
      feed.stdin.end(large.subarray(large.length / 2));
      t.is((await fetched).exitCode, 0);

      const aci = buildImage({name: 'example.com/watched', files});
      const rootfs = path.join(host.directory, 'built');
      mkdirSync(rootfs);
      writeFileSync(path.join(rootfs, 'large'), Buffer.alloc(8 * 2 ** 20));
      for (let round = 0; round < 3; round++) {
        const out = path.join(host.directory, `out-${round}`);
        const commands: (readonly string[])[] = [
          ['--insecure-options=image', 'fetch', aci],
          ['image', 'build', rootfs, '--name=example.com/built', '-o', `${out}.aci`],
          ['image', 'build', '--from-host', 'sh', '--name=example.com/of-host', '-o', `${out}-host.aci`],
          ['image', 'export', 'example.com/watched', `${out}-exported.aci`],
          ['image', 'extract', 'example.com/watched', `${out}-extracted`],
          ['image', 'verify', 'example.com/watched'],
        ];
        for (const args of commands) {
          const {exitCode, stderr} = await host.rkt(args);
          t.is(exitCode, 0, `${args.join(' ')}: ${stderr}`);
        }
        const {exitCode, stderr} = await host.sh('exit 0', {image: aci, stage1: 'fly', pod: ['--no-overlay']});
        t.is(exitCode, 0, stderr);
        const uuid = host.podDirectories().run?.find((one) => one !== watcher.uuid) ?? '';
        t.is((await host.rkt(['export', uuid, `${out}-pod.aci`])).exitCode, 0);
        t.is((await host.rkt(['gc', '--grace-period=0s'])).exitCode, 0);
        t.is((await host.rkt(['image', 'gc', '--grace-period=0s'])).exitCode, 0);
      }
      await looked();
    } finally {
      await watcher.end();
    }
    // Other tests and other pods run on this host.
    const ours = said
      .split('\n')
      .filter((line) => line.startsWith('reached ') && line.split(' ').includes(String(process.pid)));
    t.deepEqual([...new Set(ours)], []);
  },
);
