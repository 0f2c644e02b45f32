import type {Declaration} from '../../contract/declaration.ts';
import type {Pod} from '../../contract/pod.ts';
import {networkInvalid} from '../errors.ts';

export type Network = Pod['network'];

/** A file name in net.d, and no path. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/**
 * `--net=host`, `none`, or names with arguments: `default,backend:IP=10.1.2.3;MTU=1400`.
 * @param net `undefined` when the flag was not given: rkt's default network; where the flavor has none, the host's; where it has not that either, none
 * @throws RKT_POD_NETWORK_INVALID
 */
export const parseNetwork = (net: string | undefined, features: Declaration['features']): Network => {
  if (net === undefined) {
    if (features['network/named'].level !== 'impossible') return named('default');
    return {mode: features['network/host'].level === 'impossible' ? 'none' : 'host', names: []};
  }
  if (net === 'host' || net === 'none') return {mode: net, names: []};
  return named(net);
};

const named = (net: string): Network => {
  const names = net.split(',').map((entry) => parseEntry(net, entry));
  const seen = new Set<string>();
  for (const {name} of names) {
    if (name === 'host' || name === 'none') throw networkInvalid(net, `"${name}" excludes all other networks`);
    if (seen.has(name)) throw networkInvalid(net, `"${name}" is there twice`);
    seen.add(name);
  }
  return {mode: 'named', names};
};

const parseEntry = (net: string, entry: string): Network['names'][number] => {
  const colon = entry.indexOf(':');
  const name = colon < 0 ? entry : entry.slice(0, colon);
  if (!NAME.test(name)) throw networkInvalid(net, `"${name}" is no name of a network`);
  const pairs = colon < 0 ? [] : entry.slice(colon + 1).split(';');
  const args = pairs.map((pair): [string, string] => {
    const equals = pair.indexOf('=');
    if (equals < 1) throw networkInvalid(net, `"${pair}" is not KEY=VALUE`);
    return [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  return {name, args: Object.fromEntries(args)};
};
