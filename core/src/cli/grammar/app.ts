import path from 'node:path';
import {annotations} from '../../appc/annotations.ts';
import {appName} from '../../appc/names.ts';
import {rootfsPath} from '../../appc/paths.ts';
import {RESTART_ANNOTATION, type Restart} from '../../appc/restart.ts';
import {isWatchdog} from '../../appc/watchdog.ts';
import type {HostPath} from '../../contract/names.ts';
import type {AppRequest} from '../../pod/request.ts';
import type {ImageGroup} from '../command.ts';
import {parseDuration} from '../duration.ts';
import {flagRepeated} from '../errors.ts';
import {parseAcceptImage} from './accept-image.ts';
import {checked, wrong} from './checked.ts';
import {parseEnvironment} from './environment.ts';
import {ISOLATOR_FLAGS, parseIsolator, parseRlimits, refuseConflicts} from './isolators.ts';
import {mergeMounts, parseMount} from './mount.ts';
import {parseNameValues} from './name-value.ts';
import {parseNumber} from './number.ts';
import {parseRestartLimit} from './restart-limit.ts';

/**
 * What was asked for one app.
 * @param mountsForAll `--mount` before the first image
 * @throws RKT_FLAG_VALUE_INVALID, RKT_FLAG_REPEATED, RKT_FLAG_CONFLICT
 */
export const parseApp = ({image, given, args}: ImageGroup, mountsForAll: AppRequest['mounts']): AppRequest => {
  const all = (flag: string): string[] => (given.get(flag) ?? []).map(String);
  const one = (flag: string): string | undefined => {
    const [value, second] = all(flag);
    // Which of the two was meant nobody knows; dropping one could drop a restriction.
    if (second !== undefined) throw flagRepeated(flag, second);
    return value;
  };
  const isolators = ISOLATOR_FLAGS.flatMap((flag) => {
    const value = one(flag);
    return value === undefined ? [] : [{flag, isolator: parseIsolator(flag, value)}];
  });
  refuseConflicts(isolators);
  const restartLimit = one('restart-limit');
  const policy = one('restart') ?? all('annotation').find((text) => text.startsWith(`${RESTART_ANNOTATION}=`));
  if (restartLimit !== undefined && (policy ?? 'no') === 'no') {
    const typed = {flag: 'restart-limit', value: restartLimit, example: '5/10m, beside --restart=on-failure'};
    throw wrong(typed, 'limits no restarts: there is no --restart=on-failure or --restart=always');
  }
  return {
    image,
    args,
    ...some('signature', one('signature'), (value) => path.resolve(value) as HostPath),
    ...some('name', one('name'), (value) => checked(appName, value, {flag: 'name', value, example: 'web'})),
    ...some('exec', one('exec'), (value) => filled('exec', value, '/bin/true')),
    ...some('workingDirectory', one('working-dir'), (value) =>
      checked(rootfsPath, value, {flag: 'working-dir', value, example: '/srv'}),
    ),
    // The parser has checked the choices.
    ...some('restart', one('restart'), (value) => value as Restart),
    ...some('restartLimit', restartLimit, parseRestartLimit),
    ...some('watchdogSeconds', one('watchdog'), parseWatchdog),
    readOnlyRootfs: given.get('readonly-rootfs')?.at(-1) === true,
    mounts: mergeMounts(all('mount').map(parseMount), mountsForAll),
    ...some('user', one('user'), (value) => filled('user', value, 'nobody')),
    ...some('group', one('group'), (value) => filled('group', value, 'nogroup')),
    ...some('supplementaryGids', one('supplementary-gids'), parseGids),
    annotations: parseNameValues(
      'annotation',
      'homepage=https://example.com',
      all('annotation'),
      (name, value, typed) => checked(annotations, [{name, value}], typed),
    ),
    userAnnotations: parseNameValues('user-annotation', 'team=web', all('user-annotation')),
    userLabels: parseNameValues('user-label', 'tier=front', all('user-label')),
    environment: parseEnvironment('environment', all('environment')),
    acceptImage: parseAcceptImage(all('accept-image')),
    isolators: [...isolators.map(({isolator}) => isolator), ...parseRlimits(all('rlimit'))],
    // The parser has checked the choices.
    ...some('stdin', one('stdin'), (value) => value as AppRequest['stdin'] & string),
    ...some('stdout', one('stdout'), (value) => value as AppRequest['stdout'] & string),
    ...some('stderr', one('stderr'), (value) => value as AppRequest['stderr'] & string),
  };
};

const some = <K extends string, V>(key: K, typed: string | undefined, parse: (typed: string) => V): {[P in K]?: V} =>
  typed === undefined ? {} : ({[key]: parse(typed)} as {[P in K]: V});

const filled = (flag: string, value: string, example: string): string => {
  if (value === '') throw wrong({flag, value, example}, 'is empty');
  return value;
};

const parseWatchdog = (value: string): number => {
  const seconds = parseDuration('watchdog', value) / 1000;
  const typed = {flag: 'watchdog', value, example: '30s'};
  if (!isWatchdog(seconds)) throw wrong(typed, 'not whole seconds, at least one and at most 1000000');
  return seconds;
};

const MAX_ID = 0xffff_fffe;

const parseGids = (value: string): number[] => {
  const typed = {flag: 'supplementary-gids', value, example: '1024,2048'};
  return value.split(',').map((text) => {
    const gid = parseNumber(text, typed);
    if (gid < 0 || gid > MAX_ID) throw wrong(typed, `${text}: not a group id`);
    return gid;
  });
};
