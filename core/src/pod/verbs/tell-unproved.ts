import type {EnforcementReport} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import type {Settings} from '../../settings.ts';

/** Tells that a pod is run by a stage1 of which nothing can be proved, and of what. */
export const tellUnproved = ({note}: Settings, {stage1}: Pod, {entries}: EnforcementReport): void => {
  const names = new Set(entries.flatMap(({verdict, name}) => (verdict === 'unproved' ? [name] : [])));
  if (names.size > 0)
    note(
      `nothing proves what the stage1 image ${stage1?.image.name}, made for rkt, does about ${[...names].join(', ')}`,
    );
};
