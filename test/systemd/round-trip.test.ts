import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import type {App, AppName, Process, RootfsPath} from '@rkt/core/contract';
import test from 'ava';
import {app, pod} from '../../core/test/support/fixtures.ts';
import {lacks} from '../helpers/lacks.ts';
import {serialTestIf} from '../helpers/skip.ts';
import {makeWorld, type World} from './support/boot.ts';

const booted = serialTestIf(lacks('root', 'cgroups', 'program/systemd-nspawn', 'program/busybox'));
let world: World | undefined;
test.after.always(() => world?.remove());
const here = (): World => {
  world ??= makeWorld();
  return world;
};

const ALL_ASCII = Array.from({length: 127}, (_, index) => String.fromCodePoint(index + 1)).join('');
const TEXTS = [
  '',
  ' ',
  ';',
  '-',
  '--',
  '-x',
  '@a',
  '!b',
  '+c',
  ':d',
  '~e',
  '#f',
  '$',
  '$$',
  '$$$',
  '$PATH',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: systemd's
  '${PATH}',
  '$(id)',
  '%',
  '%%',
  '%n %i %h',
  '\\',
  '\\\\',
  'trailing \\',
  '\\n',
  '\\x41\\u0041\\101',
  '"',
  "'",
  '"a b"',
  `'a' "b" \\"c\\"`,
  'two  spaces ',
  '\t tab\t',
  'line\nline\r\n\n[Service]\nExecStart=/bin/false\n',
  '\u0001\u001b[31m\u007f',
  ALL_ASCII,
  'grüße, 世界, 🚀, \u0085\u00a0\u2028\ufeff',
  'x'.repeat(100_000),
];

/** Writes what the app has got, byte by byte, to files that begin with its name. */
const DUMP =
  'for f in cmdline environ status cgroup; do cat /proc/$$/$f >/out/$0.$f; done; readlink -n /proc/$$/cwd >/out/$0.cwd; ls /dev >/out/$0.dev';

const dumper = (name: string, process: Partial<Process> = {}, changes: Partial<App> = {}): App =>
  app({
    name: name as AppName,
    executable: '/bin/busybox' as RootfsPath,
    ...changes,
    process: {env: [], ...process, argv: ['sh', '-c', DUMP, name, ...(process.argv ?? [])]},
  });

const script = (name: string, text: string, changes: Partial<App> = {}): App =>
  app({name: name as AppName, ...changes, process: {argv: ['/bin/sh', '-c', text], ...changes.process}});

const read = (name: string, what: string): string => readFileSync(path.join(here().out, `${name}.${what}`), 'utf8');
const list = (name: string, what: string): string[] => read(name, what).split('\0').slice(0, -1);
const field = (name: string, key: string): string =>
  new RegExp(`^${key}:\\s*(.*)$`, 'm').exec(read(name, 'status'))?.[1] ?? '';

booted('S15 arguments and variables arrive byte for byte, and nothing besides', (t) => {
  const env = TEXTS.map((value, index) => ({name: `V${index}`, value}));
  const result = here().boot(pod({apps: [dumper('main', {argv: TEXTS, env})]}));
  t.deepEqual(result, {status: 0, recorded: {main: '0\n'}});
  t.deepEqual(list('main', 'cmdline'), ['sh', '-c', DUMP, 'main', ...TEXTS]);
  t.deepEqual(list('main', 'environ').sort(), env.map(({name, value}) => `${name}=${value}`).sort());
});

booted('S15 working directories arrive byte for byte', (t) => {
  const directories = [
    '/a b',
    '/trailing ',
    '/~',
    '/-x',
    '/%n',
    '/$PATH',
    '/"q"',
    "/'s'",
    '/back\\slash',
    '/end\\',
    '/ü\u00a0',
    '/;x',
  ];
  for (const directory of directories) mkdirSync(path.join(here().root, directory), {recursive: true});
  const apps = directories.map((cwd, index) => dumper(`cwd${index}`, {cwd: cwd as RootfsPath}));
  t.is(here().boot(pod({apps})).status, 0);
  t.deepEqual(
    apps.map(({name}) => read(name, 'cwd')),
    directories,
  );
});

booted('the process is what the pod says', (t) => {
  const process: Partial<Process> = {
    uid: 1234,
    gid: 2345,
    groups: [3456, 4567],
    umask: 0o027,
    capabilities: {
      bounding: ['CAP_CHOWN', 'CAP_NET_BIND_SERVICE'],
      effective: ['CAP_NET_BIND_SERVICE'],
      ambient: ['CAP_NET_BIND_SERVICE'],
    },
    noNewPrivileges: true,
  };
  t.is(here().boot(pod({apps: [dumper('user', process), dumper('root')]})).status, 0);
  t.is(field('user', 'Uid'), '1234\t1234\t1234\t1234');
  t.is(field('user', 'Gid'), '2345\t2345\t2345\t2345');
  t.deepEqual(
    field('user', 'Groups')
      .trim()
      .split(' ')
      .filter((id) => id !== '2345'),
    ['3456', '4567'],
  );
  t.is(field('user', 'Umask'), '0027');
  t.is(field('user', 'NoNewPrivs'), '1');
  t.is(BigInt(`0x${field('user', 'CapBnd')}`), (1n << 0n) | (1n << 10n));
  t.is(BigInt(`0x${field('user', 'CapEff')}`), 1n << 10n);
  t.is(BigInt(`0x${field('root', 'CapEff')}`), 1n << 0n);
  t.is(BigInt(`0x${field('root', 'CapInh')}`), 0n);
  t.is(field('root', 'NoNewPrivs'), '0');
  // SIGPIPE is bit 12.
  t.is(BigInt(`0x${field('root', 'SigIgn')}`) & (1n << 12n), 0n);
});

booted('the first failure ends the pod with its status, the others in order', (t) => {
  const apps = [
    script('bad', 'until [ -e /out/good ] && [ -s /status/early ]; do sleep 0.05; done; exit 7'),
    script('good', "trap 'exit 3' TERM; cat /out/pipe & : >/out/good; wait"),
    script('early', 'exit 0'),
  ];
  t.deepEqual(here().boot(pod({apps})), {status: 7, recorded: {bad: '7\n', good: '3\n', early: '0\n'}});
});

booted('the status of a killed app is 128 and the signal, also of signals that systemd finds clean', (t) => {
  for (const [signal, status] of [
    ['KILL', 137],
    ['TERM', 143],
    ['PIPE', 141],
    ['40', 168],
  ] as const) {
    t.deepEqual(here().boot(pod({apps: [script('main', `kill -${signal} $$`)]})), {
      status,
      recorded: {main: `${status}\n`},
    });
  }
});

booted('an app that cannot start has the status of systemd', (t) => {
  const missing = here().boot(pod({apps: [app({process: {argv: ['/nowhere']}})]}));
  t.deepEqual(missing, {status: 203, recorded: {main: '203\n'}});
});

booted('event handlers run before and after the app, with its user, variables and capabilities', (t) => {
  const handler = (name: 'pre-start' | 'post-stop') => ({
    name,
    exec: ['/bin/sh', '-c', `cat /proc/self/status >/out/${name}.status; echo ${name} $V >>/out/order`],
  });
  const main = script('main', 'echo main $V >>/out/order; exit 4', {
    eventHandlers: [handler('pre-start'), handler('post-stop')],
    process: {
      argv: ['/bin/sh', '-c', 'echo main $V >>/out/order; exit 4'],
      uid: 77,
      gid: 77,
      env: [{name: 'V', value: '%n $x'}],
    } as Process,
  });
  t.deepEqual(here().boot(pod({apps: [main]})), {status: 4, recorded: {main: '4\n'}});
  t.is(readFileSync(path.join(here().out, 'order'), 'utf8'), 'pre-start %n $x\nmain %n $x\npost-stop %n $x\n');
  for (const name of ['pre-start', 'post-stop']) {
    t.is(field(name, 'Uid'), '77\t77\t77\t77');
    t.is(BigInt(`0x${field(name, 'CapBnd')}`), 1n);
  }
});

booted('an app does not start when its pre-start handler fails', (t) => {
  const eventHandlers: App['eventHandlers'] = [{name: 'pre-start', exec: ['/bin/sh', '-c', 'exit 9']}];
  t.is(here().boot(pod({apps: [script('main', ': >/out/started', {eventHandlers})]})).status, 9);
  t.false(existsSync(path.join(here().out, 'started')));
});

booted('what systemd runs for itself does not see the variables of an app', (t) => {
  const env = [
    {name: 'LD_PRELOAD', value: '/nowhere.so'},
    {name: 'LD_DEBUG', value: 'all'},
    {name: 'LD_DEBUG_OUTPUT', value: '/rkt/status/leak'},
  ];
  const {recorded} = here().boot(
    pod({apps: [script('main', 'exit 0', {process: {argv: ['/bin/sh', '-c', ':'], env} as unknown as Process})]}),
  );
  t.deepEqual(recorded, {main: '0\n'});
});

booted('an app is restarted until it ends well, also after a signal, and the pod ends then', (t) => {
  // A pod that does not wait for the last run has the time to end before.
  const text =
    'echo x >>/out/runs; case $(cat /out/runs | busybox tr -d "\n") in x) exit 1 ;; xx) kill -TERM $$ ;; esac; sleep 0.3';
  t.deepEqual(here().boot(pod({apps: [script('main', text, {restart: 'on-failure'})]})), {
    status: 0,
    recorded: {main: '0\n', 'main.starts': '3\n'},
  });
  t.is(readFileSync(path.join(here().out, 'runs'), 'utf8'), 'x\nx\nx\n');
});

booted('S07 kernel paths are hidden and read-only', (t) => {
  const text =
    '{ ls -A /proc/acpi /proc/scsi /sys/fs /sys/module; cat /proc/kallsyms /proc/kcore; } >/out/masked 2>/dev/null; ' +
    'cat /proc/self/mountinfo >/out/mountinfo; busybox sh -c ": >>/proc/sys/vm/swappiness" 2>/out/refused';
  const readOnlyPaths = ['/proc/sys', '/proc/irq', '/sys/kernel', "/proc/it's"] as RootfsPath[];
  const result = here().boot(
    pod({
      apps: [script('main', text)],
      maskedPaths: [
        '/proc/acpi',
        '/proc/kallsyms',
        '/proc/kcore',
        '/proc/no such',
        '/proc/scsi',
        '/sys/fs',
        '/sys/module',
      ] as RootfsPath[],
      readOnlyPaths,
    }),
  );
  // The app's last command is one that must fail.
  t.not(result.status, 0);
  const visible = readFileSync(path.join(here().out, 'masked'), 'utf8');
  t.is(visible.replace(/^\/.*:$/gm, '').trim(), '');
  t.regex(readFileSync(path.join(here().out, 'refused'), 'utf8'), /Read-only file system/);
  const mounts = readFileSync(path.join(here().out, 'mountinfo'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  for (const protectedPath of readOnlyPaths.slice(0, 3)) {
    const mount = mounts.find(([, , , , target]) => target === protectedPath);
    // Not by path: what another mount covers has one too.
    const seen = mounts.filter(([id, parent]) => id === mount?.[0] || parent === mount?.[0]);
    t.true(seen.length > 0, protectedPath);
    t.true(
      seen.every(([, , , , , options = '']) => options.split(',').includes('ro')),
      protectedPath,
    );
  }
});

booted('EX-36 a retain-set is what it lists, without the calls that systemd would add', (t) => {
  const essential =
    'access arch_prctl brk close dup dup2 execve exit exit_group fcntl fstat getcwd getegid geteuid getgid getpid getppid getuid ioctl lseek mmap mprotect munmap newfstatat open openat poll prctl prlimit64 read readlink rseq rt_sigaction rt_sigprocmask rt_sigreturn set_robust_list set_tid_address stat uname wait4 write writev vfork fork clone getrandom'.split(
      ' ',
    );
  const filtered = (name: string, text: string, syscalls: string[]) =>
    script(name, text, {
      process: {
        argv: ['/bin/sh', '-c', text],
        seccomp: {
          default: {action: 'errno', errno: 1},
          rules: [
            {syscalls, outcome: {action: 'allow'}},
            {syscalls: ['mkdir', 'mkdirat'], outcome: {action: 'errno', errno: 28}},
          ],
        },
      } as unknown as Process,
    });
  const text = (name: string) =>
    `mkdir /out/${name}.dir 2>/out/${name}.err; cat /proc/self/status >/out/${name}.status; busybox id -u >/out/${name}.id`;
  here().boot(
    pod({
      apps: [
        filtered('with', text('with'), essential),
        filtered(
          'without',
          text('without'),
          essential.filter((name) => !name.startsWith('ge')),
        ),
      ],
    }),
  );
  t.regex(readFileSync(path.join(here().out, 'with.err'), 'utf8'), /No space left/);
  t.is(field('with', 'Seccomp'), '2');
  t.is(read('with', 'id'), '0\n');
  // These are in @default: if systemd's own list stayed, they would answer.
  t.not(read('without', 'id'), '0\n');
});
