import {setTimeout} from 'node:timers/promises';
import type {Settings} from '../../settings.ts';
import {locatePod} from '../state/find.ts';
import {isPodName, podNamed} from '../state/pod-names.ts';

/** As for pods. */
const POLL = 100;

/**
 * Waits until there is a pod of a name that --pod-name may give, for at most `milliseconds`: whoever has just started one need not know when it is there. Of anything else, as a UUID,
 * nobody can know before.
 * @returns how long that took
 */
export const awaitPodName = async (
  {dataDir, remark}: Pick<Settings, 'dataDir' | 'remark'>,
  name: string,
  milliseconds: number,
): Promise<number> => {
  const isThere = () => {
    const uuid = podNamed(dataDir, name);
    return uuid !== undefined && locatePod(dataDir, uuid) !== undefined;
  };
  if (milliseconds <= 0 || !isPodName(name) || isThere()) return 0;
  remark(`there is no pod "${name}" yet; waiting for it`);
  const start = Date.now();
  for (;;) {
    const waited = Date.now() - start;
    if (waited >= milliseconds || isThere()) return waited;
    await setTimeout(Math.min(POLL, milliseconds - waited));
  }
};
