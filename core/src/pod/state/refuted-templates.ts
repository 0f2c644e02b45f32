import type {HostPath} from '../../contract/names.ts';
import {TEMPLATE_FAILED} from './layout.ts';
import {markedPods} from './marked-pods.ts';
import {readMark} from './read-mark.ts';

/** What machines did not go on from: what tells a file of each template from others. */
export const refutedTemplates = (dataDir: HostPath): string[] =>
  markedPods(dataDir, TEMPLATE_FAILED).flatMap((directory) => readMark(directory, TEMPLATE_FAILED) ?? []);
