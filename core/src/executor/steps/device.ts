import {isDevice, makeDevice} from '../../linux/device.ts';
import {makeInPlace, setOwnership} from '../../linux/directory-entry.ts';
import {O_PATH, openEntry} from '../../linux/openat2.ts';
import type {StepContext} from '../context.ts';
import {deviceReplaced} from '../errors.ts';
import {Place} from '../location.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Makes a device node in the place of whatever file had its name. */
export const perform = (step: StepOf<'device'>, context: StepContext): Notes => {
  using place = new Place(step.target, context);
  const {directory, name} = place.openParent();
  using _ = directory;
  place.assertChangeable(directory);
  makeInPlace(directory, name, () => makeDevice(directory, name, step, 0o600));
  using node = openEntry(directory, name, O_PATH);
  // Before its permissions are opened: this is the node that was made, not one that was put in its place.
  if (!isDevice(node, step)) throw deviceReplaced(step.target.path, `${step.type} ${step.major}:${step.minor}`);
  setOwnership(node, {mode: step.mode, uid: step.uid + place.shift, gid: step.gid + place.shift});
  return NOTHING;
};
