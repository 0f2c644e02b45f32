import type {Settings} from '../../settings.ts';
import {locatePod, seePod} from '../state/find.ts';
import {isPodName, podNamed} from '../state/pod-names.ts';
import {isFinished} from '../state/states.ts';
import {awaitTrue} from './await-true.ts';

/**
 * Waits until there is a pod of a name that --pod-name may give, for at most `milliseconds`: whoever has just started one need not know when it is there. Of anything else, as a UUID,
 * nobody can know before.
 * @param comesNext one that is over does not count where the next of its name takes its place (`--rm`)
 * @returns how long that took
 */
export const awaitPodName = async (
  {dataDir, remark}: Pick<Settings, 'dataDir' | 'remark'>,
  name: string,
  milliseconds: number,
  {comesNext}: {readonly comesNext: boolean},
): Promise<number> => {
  const isThere = () => {
    const uuid = podNamed(dataDir, name);
    if (uuid === undefined || !comesNext) return uuid !== undefined && locatePod(dataDir, uuid) !== undefined;
    const pod = seePod(dataDir, uuid);
    return pod !== undefined && !(isFinished(pod.state) && pod.summary?.removeOnExit);
  };
  if (milliseconds <= 0 || !isPodName(name) || isThere()) return 0;
  const isOver = podNamed(dataDir, name) !== undefined;
  remark(
    isOver ? `the pod "${name}" is over; waiting for the next one` : `there is no pod "${name}" yet; waiting for it`,
  );
  return await awaitTrue(isThere, milliseconds);
};
