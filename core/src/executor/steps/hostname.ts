import {setHostname} from '../../linux/hostname.ts';
import {hasLeft} from '../../linux/namespaces.ts';
import {namespaceShared} from '../errors.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Sets the pod's host name, never the host's. */
export const perform = ({name}: StepOf<'hostname'>): Notes => {
  if (!hasLeft('uts')) throw namespaceShared('the host name', 'uts');
  setHostname(name);
  return NOTHING;
};
