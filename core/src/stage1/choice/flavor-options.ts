import {loadConfig} from '../../config/load.ts';
import type {HostPath} from '../../contract/names.ts';
import type {Settings} from '../../settings.ts';
import {rememberedIn} from '../facts/remembered-in.ts';

interface FlavorOptions {
  readonly cacheDir?: string | undefined;
  readonly searchFrom: readonly HostPath[];
  readonly note: Settings['note'];
}

/**
 * Where flavors are looked for, and where their digests are remembered: what `findFlavor` and `eachFlavor` want.
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
