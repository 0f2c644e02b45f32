import {execFileSync, spawnSync} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {type App, type Pod, podUnits, type UnitOptions} from '@rkt/plugin-sdk';
import {program} from '../../runner/packages.ts';

const PROGRAMS = ['/usr/lib/systemd/systemd', '/usr/lib/systemd/systemd-shutdown', '/usr/lib/systemd/systemd-executor'];
const MERGED = /^\/(bin|sbin|lib|lib64)\//;

/** A tree of this host's systemd, sh and mount: all that the units need. */
const makeTree = (tree: string): void => {
  const directories = [
    'proc',
    'sys',
    'dev',
    'run',
    'tmp',
    'etc',
    'opt/stage2',
    'rkt/status',
    'var',
    'root',
    'usr/lib64',
  ];
  for (const directory of [...directories, 'usr/bin', 'usr/sbin']) mkdirSync(`${tree}/${directory}`, {recursive: true});
  for (const name of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, `${tree}/${name}`);
  for (const file of [...PROGRAMS.filter(existsSync), '/bin/sh', '/bin/mount']) {
    const libraries = execFileSync('/usr/bin/ldd', [file], {encoding: 'utf8'}).match(/\/[^ ]+/g) ?? [];
    for (const source of [file, ...libraries.filter((library) => existsSync(library))]) {
      const target = path.join(tree, source.replace(MERGED, '/usr/$1/'));
      mkdirSync(path.dirname(target), {recursive: true});
      copyFileSync(source, target);
    }
  }
  writeFileSync(`${tree}/usr/lib/os-release`, 'ID=test\n');
};

/** Where PID 1 needs a cgroup of its own: cgroup2, and systemd's of v1 where there is one. */
const hierarchies = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2 | - cgroup .*\bname=systemd\b/.test(line))
    .map((line) => line.split(' ')[4] ?? '');

const removeCgroup = (directory: string): void => {
  for (const entry of readdirSync(directory, {withFileTypes: true})) {
    if (entry.isDirectory()) removeCgroup(path.join(directory, entry.name));
  }
  rmdirSync(directory);
};

export interface World {
  /** The root directory of every app: busybox, and the directories that a test makes there. Read by all, written by `/out`. */
  readonly root: string;
  /** `/out` of every app. */
  readonly out: string;
  boot(
    pod: Pod,
    options?: Partial<UnitOptions>,
  ): {readonly status: number | null; readonly recorded: Record<string, string>};
  remove(): void;
}

export const makeWorld = (): World => {
  const base = mkdtempSync(path.join(tmpdir(), 'rkt-units-'));
  const at = (name: string) => path.join(base, name);
  for (const name of ['tree', 'root/bin', 'root/proc', 'root/sys', 'root/dev', 'root/out', 'out']) {
    mkdirSync(at(name), {recursive: true});
  }
  chmodSync(at('out'), 0o777);
  chmodSync(base, 0o755);
  makeTree(at('tree'));
  copyFileSync(program('busybox') ?? '', at('root/bin/busybox'));
  symlinkSync('busybox', at('root/bin/sh'));
  let count = 0;

  const boot: World['boot'] = (pod, options = {}) => {
    count += 1;
    const etc = at(`etc-${count}`);
    const status = at(`status-${count}`);
    mkdirSync(status);
    for (const unit of podUnits(pod, {...DEFAULTS, ...options})) {
      mkdirSync(path.dirname(path.join(etc, unit.path)), {recursive: true});
      writeFileSync(path.join(etc, unit.path), unit.content, {mode: unit.mode});
    }
    writeFileSync(path.join(etc, 'machine-id'), '');
    // The same in each: systemd-nspawn makes what is missing.
    const name = `rkt-units-${randomUUID()}`;
    const cgroups = hierarchies().map((mountPoint) => `${mountPoint}/${name}`);
    for (const directory of cgroups) mkdirSync(directory);
    const binds = pod.apps.flatMap((app) => [
      `--bind=${at('root')}:${rootOf(app)}`,
      `--bind=${at('out')}:${rootOf(app)}/out`,
    ]);
    try {
      const {status: code} = spawnSync(
        '/bin/sh',
        [
          '-c',
          'while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs" || exit; shift; done; shift; exec "$@"',
          'sh',
          ...cgroups,
          '--',
          ...['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', 'mount -t tmpfs run /run && exec "$@"', 'sh'],
          ...[
            'systemd-nspawn',
            '--register=no',
            '--keep-unit',
            '--quiet',
            '--boot',
            '--link-journal=no',
            '--timezone=off',
          ],
          ...['--read-only', '--console=pipe', '--machine=rkt-units', `--directory=${at('tree')}`],
          ...[`--bind-ro=${etc}:/etc`, `--bind=${status}:/rkt/status`, '--tmpfs=/opt/stage2:mode=755', ...binds],
          ...['--', '--log-target=null', '--show-status=0'],
        ],
        {
          env: {
            PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
            SYSTEMD_LOG_LEVEL: 'err',
            SYSTEMD_SECCOMP: '0',
            SYSTEMD_NSPAWN_LOCK: '0',
            SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
          },
          stdio: ['ignore', 'ignore', 'ignore'],
          timeout: 60_000,
        },
      );
      const recorded = readdirSync(status).map((name) => [name, readFileSync(`${status}/${name}`, 'utf8')]);
      return {status: code, recorded: Object.fromEntries(recorded)};
    } finally {
      for (const directory of cgroups) {
        if (existsSync(`${directory}/cgroup.kill`)) writeFileSync(`${directory}/cgroup.kill`, '1');
        removeCgroup(directory);
      }
    }
  };
  return {root: at('root'), out: at('out'), boot, remove: () => rmSync(base, {recursive: true})};
};

const rootOf = ({name}: App): string => `/opt/stage2/${name}/rootfs`;

const DEFAULTS: UnitOptions = {
  rootOf,
  stdio: () => ({stdin: {kind: 'null'}, stdout: {kind: 'null'}, stderr: {kind: 'null'}}),
  limits: false,
  bindDev: () => true,
  statusDirectory: '/rkt/status',
};
