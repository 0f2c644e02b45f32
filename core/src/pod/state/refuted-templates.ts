import type {HostPath} from '../../contract/names.ts';
import {bootId} from '../../linux/boot-id.ts';
import {TEMPLATE_FAILED} from './layout.ts';
import {markedPods} from './marked-pods.ts';
import {readIfWhole} from './read-if-whole.ts';
import {readMark} from './read-mark.ts';
import {readSupervisor} from './supervisor.ts';

/**
 * What machines did not go on from: what tells a file of each template from others. As with accelerators, what is in the directory of a pod whose machine was to have no template does not count, nor what is of an
 * earlier start of the host.
 */
export const refutedTemplates = (dataDir: HostPath): string[] =>
  markedPods(dataDir, TEMPLATE_FAILED).flatMap((directory) => {
    const counts = readSupervisor(directory)?.boot === bootId() && hasTemplate(directory);
    return counts ? (readMark(directory, TEMPLATE_FAILED) ?? []) : [];
  });

const hasTemplate = (directory: HostPath): boolean => {
  const {filesystem = [], environment = []} = readIfWhole(directory, 'plan') ?? {};
  return [...filesystem, ...environment].some((step) => step.do === 'template');
};
