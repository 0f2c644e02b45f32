import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {said} from '../../../../test/helpers/said.ts';
import {serialTestIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import {program} from '../../../../test/runner/packages.ts';
import type {HostPath} from '../../../src/contract/names.ts';
import {bsdtarCreate, bsdtarExtract, decompressor, type HostCommand} from '../../../src/image/sandbox.ts';
import {startTool} from '../../../src/image/tool.ts';
import {replaceDescriptor} from '../../../src/linux/fd-flags.ts';
import {O_PATH, openHost as openFile} from '../../../src/linux/openat2.ts';
import {builtFixture} from '../executor/built-fixture.ts';

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
const withHelper = async (
  command: HostCommand,
  name: string,
  look: (pid: number) => void | Promise<void>,
): Promise<void> => {
  const tool = startTool(command, 'pipe', 'pipe');
  try {
    const pid = tool.pid ?? 0;
    await until(() => new RegExp(`^Name:\\s${name}$`, 'm').test(statusOf(pid)));
    await look(pid);
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
          // In a root directory of its own, and in a namespace with no other process but its keeper.
          t.regex(statusOf(pid), /^NSpid:\t\d+\t2$/m);
          t.false(readdirSync(`/proc/${pid}/root`).includes('proc'));
          t.false(readdirSync(`/proc/${pid}/root`).includes('tmp'));
        });
      }
    } finally {
      rmSync(directory, {recursive: true});
    }
  },
);

serialTestIf(needs)('S10 a helper that has no end ends with who has started it, however that ends', async (t) => {
  const fixture = builtFixture(new URL('fixtures/tool.ts', import.meta.url));
  const child = spawn(process.execPath, fixture, {stdio: ['ignore', 'pipe', 'inherit']});
  let pid = 0;
  try {
    pid = Number(await said(child));
    await until(() => /^Name:\ssleep$/m.test(statusOf(pid)));
  } finally {
    child.kill('SIGKILL');
  }
  await t.notThrowsAsync(until(() => !existsSync(`/proc/${pid}`)));
});

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

for (const [what, fixture] of [
  ['a program of an image that is asked for its version', 'version'],
  ['a flavor in another language', 'ask'],
] as const) {
  serialTestIf(needs)(`S10 ${what} ends with who has asked it, however that ends`, async (t) => {
    const tree = mkdtempSync(path.join(tmpdir(), 'rkt-test-asked-'));
    chmodSync(tree, 0o755);
    const file = path.join(tree, 'program');
    const marker = String(10 ** 9 + process.pid);
    writeFileSync(file, `#!/bin/sh\nexec sleep ${marker}\n`, {mode: 0o755});
    const args = [...builtFixture(new URL(`fixtures/${fixture}.ts`, import.meta.url)), file];
    const child = spawn(process.execPath, [...args, ...(fixture === 'version' ? [tree] : [])], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const asked = () => processesOf('sleep', marker);
    try {
      await until(() => asked().length === 1);
      // Where memory is short it is ended before anybody of the host.
      t.is(readFileSync(`/proc/${asked()[0]}/oom_score_adj`, 'utf8'), '1000\n');
    } finally {
      child.kill('SIGKILL');
      rmSync(tree, {recursive: true});
    }
    await t.notThrowsAsync(until(() => asked().length === 0));
  });
}

serialTestIf(needs)('S28 a helper has no file of who starts it but what it is given', async (t) => {
  using file = openFile('/', constants.O_RDONLY | constants.O_DIRECTORY);
  const atTheEnd = 200;
  replaceDescriptor(atTheEnd, file.number);
  try {
    await withHelper(decompressor(2 ** 29), 'bsdcat', async (pid) => {
      // While its libraries are loaded it has one of them open.
      await t.notThrowsAsync(until(() => readdirSync(`/proc/${pid}/fd`).join() === '0,1,2'));
    });
  } finally {
    closeSync(atTheEnd);
  }
});

serialTestIf(needs)('S28 who starts a helper is what it was before', (t) => {
  const state = () => [
    process.cwd(),
    readdirSync('/').sort(),
    ...['mnt', 'pid', 'pid_for_children'].map((kind) =>
      spawnSync('readlink', [`/proc/self/ns/${kind}`]).stdout.toString(),
    ),
    readFileSync('/proc/self/oom_score_adj', 'utf8'),
    statusOf(process.pid).match(/^(Uid|Gid|Groups|Cap\w+|NoNewPrivs):.*$/gm),
  ];
  const before = state();
  for (const offline of [false, true]) {
    startTool(decompressor(2 ** 29), 'ignore', 'ignore', {offline}).kill();
    t.deepEqual(state(), before);
  }
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
