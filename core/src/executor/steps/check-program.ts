import {constants} from 'node:fs';
import {findExecutable} from '../../linux/find-executable.ts';
import {O_PATH} from '../../linux/openat2.ts';
import {openWorkingDirectory} from '../../linux/working-directory.ts';
import type {StepContext} from '../context.ts';
import {openLocation} from '../location.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Finds what a launch would find wrong with an app's program. */
export const perform = ({app: name}: StepOf<'check-program'>, context: StepContext): Notes => {
  const app = context.pod.apps.find((candidate) => candidate.name === name);
  if (app === undefined) throw new Error(`the pod has no app "${name}"`);
  const location = {in: 'rootfs', app: app.name, path: '/' as typeof app.process.cwd} as const;
  using root = openLocation(location, context, O_PATH | constants.O_DIRECTORY);
  findExecutable(root, app.process);
  using _ = openWorkingDirectory(root, app.process.cwd);
  return NOTHING;
};
