import {faultPoint} from '../../executor/fault.ts';

/** Where tests can stop a pod's life besides the steps of its plan, in its order. Before and after each move, and after everything that is written. */
const POD_FAULT_POINTS = [
  'pod.embryo',
  'pod.prepare.before',
  'pod.prepare',
  'pod.manifest',
  'pod.plan',
  'pod.trees',
  'pod.summary',
  'pod.copy',
  'pod.copy-up',
  'pod.synced',
  'pod.prepared.before',
  'pod.prepared',
  'pod.run.before',
  'pod.run',
  'pod.supervisor',
  'pod.exited-garbage.before',
  'pod.exited-garbage',
  'pod.garbage.before',
  'pod.garbage',
  'pod.delete',
  'pod.deleted',
] as const;
export type PodFaultPoint = (typeof POD_FAULT_POINTS)[number];

/** {@link faultPoint} of a pod's life. */
export const podFault = (point: PodFaultPoint): void => faultPoint(point);
