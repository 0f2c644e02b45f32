import type {Plan} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import type {HandOver} from '../../executor/on-own-terminal.ts';

/** Starts this process again on a terminal of its own if it will become a program that would otherwise have the caller's terminal. To be called before anything of the pod exists. */
export const ownTerminal = async (
  {pod: {interactive}, plan: {launch}}: {readonly pod: Pod; readonly plan: Plan},
  handOver?: HandOver,
): Promise<void> => {
  const takes =
    launch.into === 'rootfs' ? launch.terminal !== undefined : launch.into === 'host' && launch.sharesTerminal;
  if (!interactive || !takes) return;
  const {onOwnTerminal} = await import('../../executor/on-own-terminal.ts');
  await onOwnTerminal(handOver);
};
