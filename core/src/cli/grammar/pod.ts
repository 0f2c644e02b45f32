import {isReadOnce} from '../../linux/read-once.ts';
import type {AppRequest, PodRequest} from '../../pod/request.ts';
import {isPodName} from '../../pod/state/pod-names.ts';
import type {FlagValues, ImageGroup} from '../command.ts';
import {flagConflict, flagImageFirst, imageMissing} from '../errors.ts';
import {parseAcceptImage} from './accept-image.ts';
import {parseAllowDegraded} from './allow-degraded.ts';
import {parseApp} from './app.ts';
import {wrong} from './checked.ts';
import {collectEnvironment} from './environment.ts';
import {appFlags, type podFlags} from './flags.ts';
import {parseSysctls, quantity} from './isolators.ts';
import {parseMount} from './mount.ts';
import {readOperatorFile} from './operator-file.ts';
import {parsePort} from './port.ts';
import {parseStage1} from './stage1.ts';
import {parseVolume} from './volume.ts';

type Values = FlagValues<typeof podFlags> & FlagValues<typeof appFlags>;

/**
 * The pod that `run`, `prepare` or `plan` were asked for. Reads the files that flags name.
 * @throws RKT_FLAG_…, RKT_IMAGE_MISSING
 */
export const parsePodArguments = (flags: Values, images: readonly ImageGroup[]): PodRequest => {
  refuseAppFlags(flags);
  const file = flags['pod-manifest'];
  const files = file === undefined ? flags['set-env-file'] : [file];
  const shared = {
    ...(files.some(isReadOnce) ? {readOnce: true as const} : {}),
    volumes: parseVolumes(flags.volume),
    ports: flags.port.map(parsePort),
    inheritEnv: flags['inherit-env'],
    environment: collectEnvironment(flags['set-env-file'], flags['set-env']),
    pullPolicy: parsePullPolicy(flags),
    noOverlay: flags['no-overlay'],
    privateUsers: flags['private-users'],
    ...(flags['log-size'] === undefined ? {} : {logSize: parseLogSize(flags['log-size'])}),
    ...stage1(flags),
    ...(flags['pod-name'] === undefined ? {} : {podName: parsePodName(flags['pod-name'])}),
    ...(flags.rm ? {removeOnExit: true as const} : {}),
    isolators: parseSysctls(flags.sysctl),
    acceptImage: parseAcceptImage(flags['accept-image']),
    allowDegraded: parseAllowDegraded(flags['allow-degraded']),
    allowSymlinks: flags['allow-symlinks'],
  };
  if (file !== undefined) {
    refuseBesideManifest(flags, images);
    return {...shared, apps: [], manifest: readOperatorFile('pod-manifest', file)};
  }
  if (images.length === 0) throw imageMissing();
  const mountsForAll = flags.mount.map(parseMount);
  const apps = images.map((image) => parseApp(image, mountsForAll));
  refuseUnknownVolumes(apps, shared.volumes);
  return {...shared, apps};
};

/** Per-app flags that mean all apps before the first image. */
const FOR_ALL: readonly string[] = ['accept-image', 'mount'];

const refuseAppFlags = (flags: Values): void => {
  for (const name of Object.keys(appFlags) as (keyof typeof appFlags)[]) {
    const value = flags[name];
    const given = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
    if (!FOR_ALL.includes(name) && given) throw flagImageFirst(name);
  }
};

const refuseBesideManifest = (flags: Values, images: readonly ImageGroup[]): void => {
  const beside: readonly (readonly [string, boolean])[] = [
    ['an image', images.length > 0],
    ['--volume', flags.volume.length > 0],
    ['--mount', flags.mount.length > 0],
    ['--port', flags.port.length > 0],
    ['--sysctl', flags.sysctl.length > 0],
    ['--pull-policy', flags['pull-policy'] !== undefined || flags['store-only'] || flags['no-store']],
    ['--inherit-env', flags['inherit-env']],
    ['--set-env', flags['set-env'].length > 0],
    ['--set-env-file', flags['set-env-file'].length > 0],
  ];
  for (const [what, given] of beside) {
    if (given) throw flagConflict('--pod-manifest', what, 'write it into the manifest');
  }
};

/** With less, the end of a log would hold no message of any length. */
const LEAST_LOG = 65_536;

const parseLogSize = (value: string): number => {
  const typed = {flag: 'log-size', value, example: '8Mi'};
  const size = quantity(typed);
  if (size < LEAST_LOG) throw wrong(typed, `less than ${LEAST_LOG} bytes`);
  return size;
};

const parsePodName = (value: string): string => {
  if (isPodName(value)) return value;
  throw wrong(
    {flag: 'pod-name', value, example: 'web-1'},
    'up to 64 lower-case letters, digits, ".", "_" and "-", and nothing that could begin a UUID',
  );
};

const stage1 = (flags: Values): {stage1?: string} => {
  const selection = parseStage1(flags);
  return selection === undefined ? {} : {stage1: selection};
};

const parseVolumes = (values: readonly string[]): PodRequest['volumes'] => {
  const names = new Set<string>();
  return values.map((value) => {
    const volume = parseVolume(value);
    if (names.has(volume.name)) {
      throw wrong({flag: 'volume', value, example: `${volume.name}-2,kind=empty`}, `"${volume.name}" is there twice`);
    }
    names.add(volume.name);
    return volume;
  });
};

const refuseUnknownVolumes = (apps: readonly AppRequest[], volumes: PodRequest['volumes']): void => {
  for (const {volume, path} of apps.flatMap(({mounts}) => mounts)) {
    if (volumes.some(({name}) => name === volume)) continue;
    throw wrong(
      {flag: 'mount', value: `volume=${volume},target=${path}`, example: `… with --volume=${volume},kind=empty`},
      `there is no volume "${volume}"`,
    );
  }
};

/** The choices have been checked; two flags of old rkt mean one each. */
const parsePullPolicy = (flags: Values): PodRequest['pullPolicy'] => {
  const old = [
    ...(flags['store-only'] ? (['never'] as const) : []),
    ...(flags['no-store'] ? (['update'] as const) : []),
  ];
  if (old.length > 1) throw flagConflict('--store-only', '--no-store');
  return (flags['pull-policy'] as PodRequest['pullPolicy'] | undefined) ?? old[0] ?? 'new';
};
