import type {Config, Stage1Config} from './config.ts';

/** Merges layers, the later over the earlier: by host, by registry, by prefix, by path; the stage1 entry as a whole. */
export const mergeLayers = (layers: readonly Config[]): Config => ({
  auth: new Map(layers.flatMap(({auth}) => [...auth])),
  dockerAuth: new Map(layers.flatMap(({dockerAuth}) => [...dockerAuth])),
  image: new Map(layers.flatMap(({image}) => [...image])),
  paths: Object.assign({}, ...layers.map(({paths}) => paths)) as Config['paths'],
  stage1: layers.map(({stage1}) => stage1).findLast(isSet) ?? {},
});

const isSet = (stage1: Stage1Config): boolean => Object.keys(stage1).length > 0;
