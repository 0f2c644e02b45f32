import {floor} from './floor.ts';
import {type Case, interleave, type Measurement} from './measure.ts';
import {findPeers, type Peer} from './peers.ts';
import {report} from './report.ts';
import {atMost, type Target} from './target.ts';
import type {World} from './world.ts';

const RUNS = 15;
const MANY = 10;

/** Pods of one and of ten apps under a systemd, with and without what makes them slower. */
export const bench = (world: World): Target[] => {
  const pod = (apps: number, flags: readonly string[] = [], ofApp: readonly string[] = []): string[] => [
    ...world.rkt(...flags, 'run', '--stage1=nspawn'),
    ...Array.from({length: apps}, (_, index) => [
      ...(index === 0 ? [] : ['---']),
      ...[world.imageId, `--name=app-${index}`, ...ofApp],
    ]).flat(),
  ];
  const withoutFilter = ['--insecure-options=image,seccomp'];
  const limits = ['--memory=64Mi', '--cpu=1000m', '--pids=100'];
  const cases: Case[] = [
    floor,
    {name: 'one app', command: pod(1)},
    {name: 'one app, no seccomp', command: pod(1, withoutFilter)},
    {name: 'one app, limits', command: pod(1, [], limits)},
    {name: 'one app, --private-users', command: [...pod(1).slice(0, -2), '--private-users', ...pod(1).slice(-2)]},
    {name: 'ten apps', command: pod(MANY)},
    {name: 'ten apps, no seccomp', command: pod(MANY, withoutFilter)},
    {name: 'ten apps, limits', command: pod(MANY, [], limits)},
    ...findPeers(world)
      .filter(({name}) => ['crun', 'podman', 'systemd-nspawn'].includes(name))
      .flatMap((peer) => [peer, manyOf(peer)]),
  ].map((entry) => ({...entry, noPeak: true}));
  const measured = interleave(cases, RUNS);
  world.call('gc', '--grace-period=0s');
  report(measured);
  const cpu = (name: string) => cpuOf(measured, name);
  // What systemd-nspawn takes for a program and nothing else, no supervisor and no filter of rkt: no pod can take less.
  const alone = cpu('systemd-nspawn');
  const further = (cpu('ten apps') - cpu('one app')) / (MANY - 1);
  return [
    atMost(
      'nspawn, one app: CPU over the floor and systemd-nspawn',
      cpu('one app') - cpu(floor.name) - alone,
      60,
      'ms',
    ),
    atMost('nspawn, each further app / systemd-nspawn: CPU', further / alone, 0.6),
  ];
};

/** As many containers, one after the other: the others have no pods, or none that cost less. */
const manyOf = (peer: Peer): Case => ({
  ...peer,
  name: `${MANY} × ${peer.name}`,
  command: () => [
    '/bin/sh',
    '-ec',
    `i=0; while [ $i -lt ${MANY} ]; do "$@"; i=$((i + 1)); done`,
    'sh',
    ...peer.start('/bin/true'),
  ],
});

const cpuOf = (measurements: readonly Measurement[], name: string): number =>
  measurements.find((measurement) => measurement.name === name)?.cpu ?? Number.NaN;
