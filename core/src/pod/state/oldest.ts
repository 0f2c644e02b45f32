import type {ProcessIdentity} from '../../contract/pod.ts';

/**
 * The process that was started first. Of several within one tick of the kernel's clock it is one that no other of them has started: the kernel begins again with low
 * numbers when it has given out the highest, so that of these two a number does not tell which is the child.
 * @param parentOf asked only where start times are the same
 */
export const oldest = (
  processes: readonly ProcessIdentity[],
  parentOf: (pid: number) => number | undefined,
): ProcessIdentity | undefined => {
  const inOrder = processes.toSorted((a, b) => a.startTime - b.startTime || a.pid - b.pid);
  const atOnce = inOrder.filter(({startTime}) => startTime === inOrder[0]?.startTime);
  if (atOnce.length < 2) return atOnce[0];
  const numbers = atOnce.map(({pid}) => pid);
  return atOnce.find(({pid}) => !numbers.includes(parentOf(pid) ?? 0)) ?? atOnce[0];
};
