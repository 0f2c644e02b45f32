import {makeAllPrivate} from '../../linux/mount.ts';
import {unshare} from '../../linux/namespaces.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Leaves the host's namespaces; they end with the last process in them. */
export const perform = ({unshare: kinds}: StepOf<'namespace'>): Notes => {
  unshare(kinds);
  if (kinds.includes('mount')) makeAllPrivate();
  return NOTHING;
};
