import type {AppName} from '../contract/names.ts';
import {appName, MAX_NAME} from './names.ts';

/**
 * The name an app gets when nobody names it, like rkt's: the last part of the image's name, what an AC Name cannot hold
 * as hyphens. `undefined` when nothing is left.
 */
export const appNameFor = (imageName: string): AppName | undefined => {
  const last = imageName.slice(imageName.lastIndexOf('/') + 1).toLowerCase();
  const name = last
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== '')
    .join('-')
    .slice(0, MAX_NAME)
    .replace(/-$/, '');
  const parsed = appName.safeParse(name);
  return parsed.success ? parsed.data : undefined;
};
