import type {EnforcementReport} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import type {Settings} from '../../settings.ts';

/** Tells that nothing can be proved of the stage1 that runs a pod, and what that concerns. */
export const tellUnproved = ({note}: Settings, {stage1}: Pod, {entries}: EnforcementReport): void => {
  const names = new Set(entries.flatMap(({verdict, name}) => (verdict === 'unproved' ? [name] : [])));
  if (names.size > 0)
    note(
      `nothing proves what the stage1 image ${stage1?.image.name}, made for rkt, does about ${[...names].join(', ')}`,
    );
};
