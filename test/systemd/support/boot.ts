import {execFileSync, spawnSync} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {
  chmodSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import type {HostPath, PodPath, RootfsPath} from '@rkt/core/contract';
import {type App, type Pod, podUnits, sharedKernelPaths, type UnitOptions} from '@rkt/plugin-sdk';
import {perform} from '../../../core/src/executor/steps/init.ts';
import {killCgroup} from '../../../core/src/linux/kill-cgroup.ts';
import {removeCgroup} from '../../../core/src/linux/remove-cgroup.ts';
import {gatherHostFacts} from '../../../core/src/stage1/facts/host-facts.ts';
import {slowly} from '../../helpers/slowly.ts';
import {program} from '../../runner/packages.ts';

const SYSTEMD = '/usr/lib/systemd/systemd';
const PROGRAMS = [SYSTEMD, '/usr/lib/systemd/systemd-shutdown', '/usr/lib/systemd/systemd-executor'];
const MERGED = /^\/(bin|sbin|lib|lib64)\//;

/** A tree of this host's systemd and sh: all that the units need. */
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
  for (const file of [...PROGRAMS.filter(existsSync), '/bin/sh']) {
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
const cgroupFacts = () => {
  const {cgroup} = gatherHostFacts();
  const hierarchies = cgroup.hierarchies.filter(
    ({version, controllers}) => version === 2 || controllers.includes('name=systemd'),
  );
  return {...cgroup, hierarchies};
};

export interface World {
  /** The root directory of every app: busybox, and the directories that a test makes there. Read by all, written by `/out`. */
  readonly root: string;
  /** `/out` of every app; there is a pipe that nobody writes to. Their `/status` is what is recorded. */
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
  for (const name of ['tree', ...['bin', 'proc', 'sys', 'dev', 'out', 'status'].map((name) => `root/${name}`), 'out']) {
    mkdirSync(at(name), {recursive: true});
  }
  chmodSync(at('out'), 0o777);
  chmodSync(base, 0o755);
  execFileSync('mkfifo', [at('out/pipe')]);
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
    perform(
      {
        id: 'init',
        do: 'init',
        target: 'rkt/init' as PodPath,
        blocks: [],
        ...sharedKernelPaths(pod),
        program: SYSTEMD as RootfsPath,
        argv: [SYSTEMD, '--log-target=null', '--show-status=0'],
      },
      {pod: {...pod, directory: etc as HostPath}} as never,
    );
    // The same in each: systemd-nspawn makes what is missing.
    const name = `rkt-units-${randomUUID()}`;
    const facts = cgroupFacts();
    const cgroups = facts.hierarchies.map(({mountPoint}) => `${mountPoint}/${name}`);
    for (const directory of cgroups) mkdirSync(directory);
    const binds = pod.apps.flatMap((app) => [
      `--bind=${at('root')}:${rootOf(app)}`,
      `--bind=${at('out')}:${rootOf(app)}/out`,
      `--bind-ro=${status}:${rootOf(app)}/status`,
    ]);
    const messages = at(`messages-${count}`);
    const stderr = openSync(messages, 'w');
    try {
      const {
        status: code,
        signal,
        error,
      } = spawnSync(
        // The pod ends with this process.
        'setpriv',
        [
          ...['--pdeathsig=KILL', '/bin/sh', '-c'],
          'while [ "$1" != -- ]; do echo 0 >"$1/cgroup.procs" || exit; shift; done; shift; exec "$@"',
          'sh',
          ...cgroups,
          '--',
          ...['unshare', '--mount', '--propagation', 'slave', 'sh', '-c', 'mount -t tmpfs run /run && exec "$@"', 'sh'],
          ...['systemd-nspawn', '--register=no', '--keep-unit', '--quiet', '--link-journal=no', '--timezone=off'],
          ...['--read-only', '--console=pipe', `--machine=${name}`, `--directory=${at('tree')}`],
          ...[`--bind-ro=${etc}:/etc`, `--bind=${status}:/rkt/status`, '--tmpfs=/opt/stage2:mode=755', ...binds],
          ...['--', '/etc/rkt/init'],
        ],
        {
          env: {
            PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
            SYSTEMD_LOG_LEVEL: 'err',
            SYSTEMD_SECCOMP: '0',
            SYSTEMD_NSPAWN_LOCK: '0',
            SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
          },
          stdio: ['ignore', 'ignore', stderr],
          timeout: slowly(180_000),
          killSignal: 'SIGKILL',
        },
      );
      if (code === null) throw new Error(`ended by ${signal}: ${readFileSync(messages, 'utf8')}`, {cause: error});
      // Beside those of apps, which have no colon, that of the first that failed.
      const apps = readdirSync(status).filter((name) => !name.startsWith(':'));
      const recorded = apps.map((name) => [name, readFileSync(`${status}/${name}`, 'utf8')]);
      return {status: code, recorded: Object.fromEntries(recorded)};
    } finally {
      closeSync(stderr);
      killCgroup(facts, `/${name}`);
      removeCgroup(facts, `/${name}`);
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
