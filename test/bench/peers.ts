import {spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {program} from '../runner/packages.ts';
import {type Case, cleanEnvironment} from './measure.ts';
import {say} from './table.ts';
import type {World} from './world.ts';

/** A container engine that is installed here, doing the same job. */
export interface Peer extends Case {
  readonly start: (...command: string[]) => string[];
}

const run = (command: string, ...args: string[]) => {
  const {status, stderr} = spawnSync(command, args, {env: cleanEnvironment, encoding: 'utf8', timeout: 120_000});
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status}: ${stderr}`);
};

/**
 * Starts a program in a mount namespace of its own, without the cgroup2 of a hybrid host, which crun 1.8 refuses. Costs about two milliseconds, and
 * keeps podman from leaving a mount behind.
 */
const apart = (...command: readonly string[]): string[] => [
  ...[program('unshare') ?? 'unshare', '--mount', '--propagation=private', '/bin/sh', '-c'],
  ...['umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"', 'sh', ...command],
];

const peer = (name: string, start: Peer['start']): Peer => ({name, start, command: () => start('/bin/true')});

/** What podman needs to work in a directory of its own, on hosts without systemd and without CAP_SYS_RESOURCE. */
export const podman = (file: string, directory: string) => [
  ...apart(file),
  `--root=${directory}/podman`,
  `--runroot=${directory}/podman-run`,
  `--tmpdir=${directory}/podman-tmp`,
  '--cgroup-manager=cgroupfs',
  '--events-backend=none',
];
const PODMAN_RUN = [
  'run',
  '--rm',
  '--network=none',
  '--cgroups=disabled',
  '--ulimit=nofile=1024:2048',
  '--ulimit=nproc=1000:1000',
];

/** Everything that can be compared with here: names and how to start a command in the world's rootfs. */
export const findPeers = (world: World): Peer[] => {
  const known = found.get(world);
  if (known) return known;
  const peers = makePeers(world);
  found.set(world, peers);
  return peers;
};

const found = new WeakMap<World, Peer[]>();

const makePeers = ({rootfs, directory}: World): Peer[] => {
  const peers: Peer[] = [];
  const add = (needed: string, make: (file: string) => Peer) => {
    const file = program(needed);
    if (file === undefined) return;
    try {
      peers.push(make(file));
    } catch (error) {
      say(`${needed} is left out: ${error instanceof Error ? error.message : error}`);
    }
  };
  add('unshare', (file) => {
    const chroot = program('chroot') ?? 'chroot';
    return peer('unshare + chroot', (...command) => [
      file,
      '--mount',
      '--propagation=private',
      chroot,
      rootfs,
      ...command,
    ]);
  });
  add('bwrap', (file) =>
    peer('bubblewrap', (...command) => [
      file,
      '--bind',
      rootfs,
      '/',
      '--proc',
      '/proc',
      '--dev',
      '/dev',
      '--unshare-pid',
      ...command,
    ]),
  );
  add('crun', (file) => {
    let count = 0;
    const bundle = (command: readonly string[]) => {
      const place = path.join(directory, `crun-${++count}`);
      mkdirSync(place);
      run(file, 'spec', `--bundle=${place}`);
      const config = path.join(place, 'config.json');
      const spec = JSON.parse(readFileSync(config, 'utf8'));
      spec.process.args = command;
      spec.process.terminal = false;
      spec.process.rlimits = [];
      spec.root = {path: rootfs, readonly: false};
      writeFileSync(config, JSON.stringify(spec));
      return place;
    };
    const ready = bundle(['/bin/true']);
    let id = 0;
    const start = (place: string) => [
      ...apart(file),
      ...[
        `--root=${directory}/crun-state`,
        '--cgroup-manager=disabled',
        'run',
        `--bundle=${place}`,
        `bench-${process.pid}-${++id}`,
      ],
    ];
    return {...peer('crun', (...command) => start(bundle(command))), command: () => start(ready)};
  });
  add('systemd-nspawn', (file) =>
    peer('systemd-nspawn', (...command) => [
      ...[
        file,
        '--quiet',
        `--directory=${rootfs}`,
        '--register=no',
        '--keep-unit',
        '--as-pid2',
        '--resolv-conf=off',
        '--timezone=off',
      ],
      ...command,
    ]),
  );
  add('podman', (file) => {
    const archive = path.join(directory, 'rootfs.tar');
    run(program('tar') ?? 'tar', '-C', rootfs, '-cf', archive, '.');
    const [command = '', ...globals] = podman(file, directory);
    run(command, ...globals, 'import', archive, 'localhost/bench');
    return peer('podman', (...command) => [...podman(file, directory), ...PODMAN_RUN, 'localhost/bench', ...command]);
  });
  return peers;
};
