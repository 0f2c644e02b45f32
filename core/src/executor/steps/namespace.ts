import {startFirstProcess} from '../../linux/first-process.ts';
import {makeAllPrivate} from '../../linux/mount.ts';
import {unshare} from '../../linux/namespaces.ts';
import type {StepContext} from '../context.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Leaves the host's namespaces; they end with the last process in them. That of pids is left by the children of this process alone, and has a first process from now on. */
export const perform = ({unshare: kinds}: StepOf<'namespace'>, context: StepContext): Notes => {
  unshare(kinds);
  if (kinds.includes('mount')) makeAllPrivate();
  if (kinds.includes('pid')) {
    const first = startFirstProcess();
    context.made.firstProcess = first;
    context.onFirstProcess?.(first.identity);
  }
  return NOTHING;
};
