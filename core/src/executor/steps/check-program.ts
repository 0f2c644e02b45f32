import {constants} from 'node:fs';
import path from 'node:path';
import type {Process} from '../../contract/process.ts';
import {findExecutable} from '../../linux/find-executable.ts';
import {requireLoadedProfile} from '../../linux/loaded-profiles.ts';
import {O_PATH} from '../../linux/openat2.ts';
import {absolute} from '../../linux/program-file.ts';
import {openWorkingDirectory} from '../../linux/working-directory.ts';
import type {StepContext} from '../context.ts';
import {programElsewhere} from '../errors.ts';
import {openLocation} from '../location.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Files belong to ids of the host. */
const asSeenHere = (process: Process, context: StepContext): Process => {
  const shift = context.made.idMap?.base ?? 0;
  const {uid, gid, groups} = process;
  return shift === 0
    ? process
    : {...process, uid: uid + shift, gid: gid + shift, groups: groups.map((group) => group + shift)};
};

/** Finds what a launch would find wrong with an app's program and those of its event handlers, and with its profile of AppArmor. */
export const perform = ({app: name}: StepOf<'check-program'>, context: StepContext): Notes => {
  const app = context.pod.apps.find((candidate) => candidate.name === name);
  if (app === undefined) throw new Error(`the pod has no app "${name}"`);
  const location = {in: 'rootfs', app: app.name, path: '/' as typeof app.process.cwd} as const;
  using root = openLocation(location, context, O_PATH | constants.O_DIRECTORY);
  const found = path.posix.normalize(absolute(findExecutable(root, asSeenHere(app.process, context)), app.process.cwd));
  if (app.executable !== undefined && found !== (app.executable && path.posix.normalize(app.executable))) {
    throw programElsewhere(app.name, app.process.argv[0] ?? '', found);
  }
  for (const {exec} of app.eventHandlers) findExecutable(root, asSeenHere({...app.process, argv: exec}, context));
  using _ = openWorkingDirectory(root, asSeenHere(app.process, context));
  requireLoadedProfile(app.process);
  return NOTHING;
};
