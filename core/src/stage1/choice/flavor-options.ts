import {existsSync} from 'node:fs';
import path from 'node:path';
import {loadConfig} from '../../config/load.ts';
import type {HostPath} from '../../contract/names.ts';
import type {Settings} from '../../settings.ts';

interface FlavorOptions {
  readonly cacheDir?: string | undefined;
  readonly searchFrom: readonly HostPath[];
  readonly note: Settings['note'];
}

/** Where digests and versions are remembered; who only looks makes no data directory. */
export const rememberedIn = ({dataDir}: Settings): string | undefined =>
  existsSync(dataDir) ? path.join(dataDir, 'cas', 'flavors') : undefined;

/**
 * Where flavors are looked for, and where their digests are remembered: what `findFlavor` and `listFlavors` want.
 * @param remember `false` for what must change nothing
 */
export const flavorOptions = async (settings: Settings, remember = true): Promise<FlavorOptions> => {
  const {paths} = await loadConfig(settings, ['paths']);
  return {
    ...(remember && {cacheDir: rememberedIn(settings)}),
    searchFrom: paths.stage1Images === undefined ? [] : [paths.stage1Images],
    note: settings.note,
  };
};
