import {appPaths} from './layout.ts';
import type {PodEntry} from './load.ts';
import {readMark} from './read-mark.ts';

/** How often apps have been started again, by app; of those alone that may be. */
export type Restarts = ReadonlyMap<string, number>;

/** What the pod's supervisor counted: the starts of each app with a restart policy, as a decimal number. */
export const readRestarts = ({path, summary}: Pick<PodEntry, 'path' | 'summary'>): Restarts =>
  new Map(
    (summary?.apps ?? []).flatMap(({name}): [string, number][] => {
      const starts = readMark(path, appPaths(name).starts) ?? '';
      return /^[1-9]\d{0,8}$/.test(starts) ? [[name, Number(starts) - 1]] : [];
    }),
  );
