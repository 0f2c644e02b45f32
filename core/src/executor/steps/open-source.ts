import type {Fd} from '../../linux/fd.ts';
import {O_PATH} from '../../linux/openat2.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {StepContext} from '../context.ts';
import {bindSourceMissing, bindSourceSymlink} from '../errors.ts';
import {openLocation} from '../location.ts';
import type {StepOf} from '../step-of.ts';

/** Opens what is to be bound. @throws RKT_BIND_SOURCE_MISSING, RKT_BIND_SOURCE_SYMLINK */
export const openSource = ({source, followSymlinks}: StepOf<'bind'>, context: StepContext): Fd => {
  try {
    return openLocation(source, context, O_PATH, {noSymlinks: !followSymlinks});
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) throw bindSourceMissing(source.path, error);
    if (isErrno(error, 'ELOOP')) throw bindSourceSymlink(source.path, error);
    throw error;
  }
};
