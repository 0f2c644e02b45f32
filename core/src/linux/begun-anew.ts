import type {ProcessIdentity} from '../contract/pod.ts';
import {identify} from './process-identity.ts';

/** Whoever begins anew as root of a user namespace is told so by its own identity: with that it starts itself again on a terminal of its own, too. */
export const BEGUN_ANEW = 'RKT_BEGUN_ANEW';

/** Value of {@link BEGUN_ANEW}. */
export const identityText = ({pid, startTime}: ProcessIdentity): string => `${pid}:${startTime}`;

/** Whether this process has begun anew, or the one that has started it. */
export const hasBegunAnew = (): boolean => {
  const told = process.env[BEGUN_ANEW];
  if (told === undefined) return false;
  return [process.pid, process.ppid]
    .flatMap((pid) => identify(pid) ?? [])
    .map(identityText)
    .includes(told);
};
