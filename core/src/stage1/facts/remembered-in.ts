import {existsSync} from 'node:fs';
import path from 'node:path';
import type {Settings} from '../../settings.ts';

/** Where digests, versions and proofs are remembered; who only looks makes no data directory. */
export const rememberedIn = ({dataDir}: Pick<Settings, 'dataDir'>): string | undefined =>
  existsSync(dataDir) ? path.join(dataDir, 'cas', 'flavors') : undefined;
