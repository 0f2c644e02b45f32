import path from 'node:path';
import {entriesOf} from '../../config/entries-of.ts';
import {configNotRegular} from '../../config/errors.ts';
import type {Layers} from '../../config/load.ts';
import type {Layer} from './policy.ts';

export interface PolicyFile {
  readonly layer: Layer;
  readonly file: string;
}

const NAME = /^[^.].*\.(json|ya?ml)$/i;

/**
 * The policy files of a host, highest layer first, each layer in the order of names: `*.json`, `*.yaml` and `*.yml`, in capitals too, in `<layer>/policy.d`. Costs one readdir for
 * each layer.
 * @throws RKT_CONFIG_DIRECTORY_UNREADABLE; RKT_CONFIG_NOT_REGULAR for what is called so and is no regular file: a restriction never gets lost unnoticed
 */
export const findPolicyFiles = ({systemConfig, localConfig, userConfig}: Layers): PolicyFile[] => [
  ...filesOf('system', systemConfig),
  ...filesOf('local', localConfig),
  ...(userConfig === undefined ? [] : filesOf('user', userConfig)),
];

const filesOf = (layer: Layer, directory: string): PolicyFile[] => {
  const place = path.join(directory, 'policy.d');
  return entriesOf(place)
    .filter(({name}) => NAME.test(name))
    .map((entry) => {
      const file = path.join(place, entry.name);
      if (!entry.isFile()) throw configNotRegular(file);
      return {layer, file};
    })
    .sort((a, b) => (a.file < b.file ? -1 : 1));
};
