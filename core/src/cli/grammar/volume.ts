import path from 'node:path';
import {volume as schema} from '../../appc/volumes.ts';
import type {HostPath} from '../../contract/names.ts';
import type {VolumeRequest} from '../../pod/request.ts';
import {flagValueInvalid} from '../errors.ts';
import {checked, type Typed, wrong} from './checked.ts';
import {parseNumber} from './number.ts';
import {parsePairs} from './pairs.ts';
import {parseTruth} from './truth.ts';

const KEYS = ['name', 'kind', 'source', 'readOnly', 'recursive', 'propagation', 'mode', 'uid', 'gid'];

/** `NAME,kind=host,source=/srv/data,readOnly=true` (appc PO-09 to PO-11). @throws RKT_FLAG_VALUE_INVALID */
export const parseVolume = (value: string): VolumeRequest => {
  const typed: Typed = {flag: 'volume', value, example: 'data,kind=host,source=/srv/data'};
  const pairs = parsePairs(`name=${value}`, KEYS, typed);
  if (!pairs.has('kind')) throw wrong(typed, 'kind is missing');
  const source = pairs.get('source');
  if (source !== undefined && source !== '' && !source.startsWith('/'))
    throw flagValueInvalid(
      'volume',
      value,
      `source ${source} is not an absolute path`,
      `did you mean source=${path.resolve(source)}?`,
    );
  const {kind, ...rest} = checked(
    schema,
    Object.fromEntries(
      [...pairs].map(([key, text]): [string, unknown] => {
        if (key === 'readOnly' || key === 'recursive') return [key, parseTruth(key, text, typed)];
        return [key, key === 'uid' || key === 'gid' ? parseNumber(text, typed, key) : text];
      }),
    ),
    typed,
  );
  // What the schema let be null, nobody can type.
  return {...rest, kind, ...('source' in rest ? {source: rest.source as HostPath} : {})} as VolumeRequest;
};
