import {existsSync} from 'node:fs';
import path from 'node:path';
import {loadConfig} from '../../config/load.ts';
import type {HostPath} from '../../contract/names.ts';
import type {Settings} from '../../settings.ts';

interface FlavorOptions {
  readonly cacheDir?: string;
  readonly searchFrom: readonly HostPath[];
  readonly describe: Settings['describe'];
}

/**
 * Where flavors are looked for, and where their digests are remembered: what `findFlavor` and `listFlavors` want.
 * @param remember `false` for what must change nothing
 */
export const flavorOptions = async (settings: Settings, remember = true): Promise<FlavorOptions> => {
  const {paths} = await loadConfig(settings, ['paths']);
  return {
    // Who only looks makes no data directory.
    ...(remember && existsSync(settings.dataDir) ? {cacheDir: path.join(settings.dataDir, 'cas', 'flavors')} : {}),
    searchFrom: paths.stage1Images === undefined ? [] : [paths.stage1Images],
    describe: settings.describe,
  };
};
