import type {Plan} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';

interface HandOver {
  /** What the process finds that begins anew, see `foundBefore`. */
  readonly found?: readonly string[];
  /** Puts off what this process holds. */
  readonly release?: () => void;
}

/** Has this process begin anew on a terminal of its own, if it becomes a program that would have the caller's. Nothing of the pod is there yet. */
export const ownTerminal = async (
  {pod: {interactive}, plan: {launch}}: {readonly pod: Pod; readonly plan: Plan},
  handOver: HandOver = {},
): Promise<void> => {
  const takes =
    launch.into === 'rootfs' ? launch.terminal !== undefined : launch.into === 'host' && launch.sharesTerminal;
  if (!interactive || !takes) return;
  const {onOwnTerminal} = await import('../../executor/on-own-terminal.ts');
  await onOwnTerminal(handOver);
};
