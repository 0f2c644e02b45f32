import {realpathSync} from 'node:fs';
import {detachOthers} from '../../linux/detach-below.ts';
import {hasLeft} from '../../linux/namespaces.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {StepContext} from '../context.ts';
import {namespaceShared} from '../errors.ts';
import {NOTHING, type Notes, type StepOf} from '../step-of.ts';

/** Lets go of the host's mounts that nothing in this mount namespace needs, never of the host's own. */
export const perform = ({paths}: StepOf<'keep-mounts'>, {pod}: StepContext): Notes => {
  if (!hasLeft('mount')) throw namespaceShared('what is mounted', 'mount');
  detachOthers([pod.directory, ...paths].flatMap(canonical));
  return NOTHING;
};

const canonical = (path: string): string[] => {
  try {
    return [realpathSync(path)];
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
};
