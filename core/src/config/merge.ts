import type {Config, Stage1Config} from './config.ts';

/** Merges layers, the later over the earlier: by host, by registry, by prefix, by path; of stage1 which one it is, and where it is, separately, as in rkt. */
export const mergeLayers = (layers: readonly Config[]): Config => ({
  auth: new Map(layers.flatMap(({auth}) => [...auth])),
  dockerAuth: new Map(layers.flatMap(({dockerAuth}) => [...dockerAuth])),
  image: new Map(layers.flatMap(({image}) => [...image])),
  paths: Object.assign({}, ...layers.map(({paths}) => paths)) as Config['paths'],
  stage1: layers.map(({stage1}) => stage1).reduce(overStage1, {}),
});

/** A version belongs to its name, and a flavor wins over both: whichever a layer says takes the place of what earlier ones say by the other. */
const overStage1 = (lower: Stage1Config, upper: Stage1Config): Stage1Config => {
  const {flavor: _flavor, name: _name, version: _version, ...unchosen} = lower;
  const kept: Stage1Config = upper.flavor !== undefined || upper.name !== undefined ? unchosen : lower;
  // What is unpacked before rkt's own is of a kernel.
  const {initramfs: _initramfs, ...ofAnyKernel} = kept;
  return {...(upper.kernel === undefined ? kept : ofAnyKernel), ...upper};
};
