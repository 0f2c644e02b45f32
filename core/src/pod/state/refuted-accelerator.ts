import {bootId} from '../../linux/boot-id.ts';
import type {Settings} from '../../settings.ts';
import {ACCELERATOR_FAILED} from './layout.ts';
import {markedPods} from './marked-pods.ts';
import {readIfWhole} from './read-if-whole.ts';
import {readMark} from './read-mark.ts';
import {readSupervisor} from './supervisor.ts';

/**
 * When pods were started whose machines have come up by another accelerator than theirs, in milliseconds since 1970. What is in the directory of a pod that was not to have it does not count: not every pod's root
 * is kept from there by a kernel of its own; nor what is of an earlier start of the host, or of a time that is not yet.
 */
export const refutedAt = ({dataDir}: Pick<Settings, 'dataDir'>): number[] =>
  markedPods(dataDir, ACCELERATOR_FAILED).flatMap((directory) => {
    const {boot, startedAt} = readSupervisor(directory) ?? {};
    const planned = readIfWhole(directory, 'facts')?.accelerator;
    const isMarked = planned?.device !== undefined && readMark(directory, ACCELERATOR_FAILED) === planned.name;
    const counts = isMarked && !planned.forced && boot === bootId();
    return counts && startedAt !== undefined && startedAt <= Date.now() ? [startedAt] : [];
  });
