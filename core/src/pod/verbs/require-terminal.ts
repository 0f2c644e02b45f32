import type {Pod} from '../../contract/pod.ts';
import {terminalMissing} from '../errors.ts';

/**
 * Refuses a pod that is about to run if one of its apps is to have a terminal and the pod has none.
 * @throws RKT_POD_TERMINAL_MISSING
 */
export const requireTerminal = ({apps, interactive}: Pod): void => {
  for (const {name, stdio} of interactive ? [] : apps) {
    const streams = (['stdin', 'stdout', 'stderr'] as const).filter((stream) => stdio[stream] === 'tty');
    if (streams.length > 0) throw terminalMissing(name, streams);
  }
};
