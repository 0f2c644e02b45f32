import {volumeName} from '../../appc/names.ts';
import {placeOf, targetPath} from '../../appc/paths.ts';
import type {AppRequest} from '../../pod/request.ts';
import {checked, type Typed, wrong} from './checked.ts';
import {parsePairs} from './pairs.ts';

type Mount = AppRequest['mounts'][number];

/** `volume=NAME,target=PATH`. @throws RKT_FLAG_VALUE_INVALID */
export const parseMount = (value: string): Mount => {
  const typed: Typed = {flag: 'mount', value, example: 'volume=data,target=/var/lib/data'};
  const pairs = parsePairs(value, ['volume', 'target'], typed);
  for (const key of ['volume', 'target']) if (!pairs.has(key)) throw wrong(typed, `${key} is missing`);
  return {
    volume: checked(volumeName, pairs.get('volume'), typed),
    path: placeOf(checked(targetPath, pairs.get('target'), typed)),
  };
};

/** The mounts of an app: its own, then those for all apps at other paths. */
export const mergeMounts = (own: readonly Mount[], forAll: readonly Mount[]): Mount[] => {
  const taken = new Set(own.map(({path}) => path));
  return [...own, ...forAll.filter(({path}) => !taken.has(path))];
};
