import path from 'node:path';
import {loadConfig} from '../config/load.ts';
import type {Context} from './context.ts';

/** Where flavors are looked for, and where their digests are remembered: what `findFlavor` and `listFlavors` want. */
export const flavorOptions = async (context: Context): Promise<{cacheDir: string; searchFrom: string[]}> => {
  const {paths} = await loadConfig(context, ['paths']);
  return {
    cacheDir: path.join(context.dataDir, 'cas', 'flavors'),
    searchFrom: paths.stage1Images === undefined ? [] : [paths.stage1Images],
  };
};
