import {readFileSync} from 'node:fs';

/** Put in by the build. */
declare const RKT_VERSION: string | undefined;

/** The version of this package. */
export const rktVersion = (): string => {
  if (typeof RKT_VERSION === 'string') return RKT_VERSION;
  const manifest = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(manifest, 'utf8')) as {version: string}).version;
};
