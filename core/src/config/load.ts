import path from 'node:path';
import type {HostPath} from '../contract/names.ts';
import {type Config, KIND_DIRECTORIES, KINDS, type Kind} from './config.ts';
import {entriesOf} from './entries-of.ts';
import {configNotRegular} from './errors.ts';

/** Where the layers are; a `Context` of the command line is one. */
export interface Layers {
  readonly systemConfig: HostPath;
  readonly localConfig: HostPath;
  readonly userConfig: HostPath | undefined;
}

const EMPTY: Config = {auth: new Map(), dockerAuth: new Map(), image: new Map(), paths: {}, stage1: {}};

/**
 * Reads and merges the configuration files of some kinds: regular `*.json` files directly in `<layer>/<kind>.d`, in the order of
 * their names. A link of such a name is refused: passed over, as in rkt, it would leave a weaker choice in silence. Costs one readdir for each directory while there are no files.
 * @throws RKT_CONFIG_…
 */
export const loadConfig = async (layers: Layers, kinds: readonly Kind[] = KINDS): Promise<Config> => {
  const wanted = [
    layers.systemConfig,
    layers.localConfig,
    ...(layers.userConfig === undefined ? [] : [layers.userConfig]),
  ];
  const subdirectories = [...new Set(kinds.map((kind) => KIND_DIRECTORIES[kind]))];
  const files = wanted.map((layer) => subdirectories.flatMap((sub) => jsonFiles(path.join(layer, sub))));
  if (files.every(({length}) => length === 0)) return EMPTY;
  const [{readLayer}, {mergeLayers}] = await Promise.all([import('./read-layer.ts'), import('./merge.ts')]);
  return mergeLayers(files.map(readLayer));
};

const jsonFiles = (directory: string): string[] =>
  entriesOf(directory)
    .filter(({name}) => name.endsWith('.json'))
    // Editors keep locks as hidden links to nowhere.
    .filter((entry) => entry.isFile() || !(entry.isDirectory() || entry.name.startsWith('.')))
    .map((entry) => {
      const file = path.join(directory, entry.name);
      if (!entry.isFile()) throw configNotRegular(file);
      return file;
    })
    .sort();
