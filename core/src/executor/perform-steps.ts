import type {Step} from '../contract/step.ts';
import {log} from '../debug.ts';
import {isOutOfSpace} from '../linux/out-of-space.ts';
import {isErrno} from '../linux/syscall-error.ts';
import {RktError} from '../rkt-error.ts';
import type {StepContext} from './context.ts';
import {stepFailed} from './errors.ts';
import {faultPoint} from './fault.ts';
import type {Notes} from './step-of.ts';
import * as bind from './steps/bind.ts';
import * as cgroup from './steps/cgroup.ts';
import * as checkProgram from './steps/check-program.ts';
import * as device from './steps/device.ts';
import * as diskImage from './steps/disk-image.ts';
import * as hostTree from './steps/host-tree.ts';
import * as hostname from './steps/hostname.ts';
import * as idMap from './steps/id-map.ts';
import * as init from './steps/init.ts';
import * as keepMounts from './steps/keep-mounts.ts';
import * as mask from './steps/mask.ts';
import * as mkdir from './steps/mkdir.ts';
import * as mount from './steps/mount.ts';
import * as namespace from './steps/namespace.ts';
import * as overlay from './steps/overlay.ts';
import * as protect from './steps/protect.ts';
import * as remount from './steps/remount.ts';
import * as symlink from './steps/symlink.ts';
import * as sysctl from './steps/sysctl.ts';
import * as tap from './steps/tap.ts';
import * as template from './steps/template.ts';
import * as write from './steps/write.ts';

const debug = log('executor');

/**
 * Performs steps in order. The first that fails ends it; what was done stays for {@link undo}.
 * @returns what the operator should know, in order
 * @throws {RktError} the error of a step; the system's own error if a disk is full or a limit of rkt's caller is reached; otherwise RKT_STEP_FAILED, with the failed system call as its cause
 */
export const performSteps = (steps: readonly Step[], context: StepContext): Notes =>
  steps.flatMap((step) => {
    debug('%s: %s', step.id, step.do);
    faultPoint(step.id);
    try {
      return performStep(step, context);
    } catch (error) {
      throw error instanceof RktError || isOfSurroundings(step, error) ? error : stepFailed(step, error);
    }
  });

/** Whether the error comes from the surroundings and not from the step: a limit of rkt's caller, or a full disk. From a mount, a namespace or a cgroup ENOSPC means something else: there are too many of them. */
const isOfSurroundings = ({do: kind}: Step, error: unknown): boolean =>
  isErrno(error, 'EFBIG', 'EMFILE') ||
  (kind !== 'cgroup' &&
    isOutOfSpace(error) &&
    'syscall' in error &&
    /^(open|mkdir|mknod|symlink|write)/.test(String(error.syscall)));

const performStep = (step: Step, context: StepContext): Notes => {
  switch (step.do) {
    case 'bind':
      return bind.perform(step, context);
    case 'cgroup':
      return cgroup.perform(step, context);
    case 'check-program':
      return checkProgram.perform(step, context);
    case 'device':
      return device.perform(step, context);
    case 'disk-image':
      return diskImage.perform(step, context);
    case 'host-tree':
      return hostTree.perform(step, context);
    case 'hostname':
      return hostname.perform(step);
    case 'id-map':
      return idMap.perform(step, context);
    case 'init':
      return init.perform(step, context);
    case 'keep-mounts':
      return keepMounts.perform(step, context);
    case 'mask':
      return mask.perform(step, context);
    case 'mkdir':
      return mkdir.perform(step, context);
    case 'mount':
      return mount.perform(step, context);
    case 'namespace':
      return namespace.perform(step, context);
    case 'overlay':
      return overlay.perform(step, context);
    case 'protect':
      return protect.perform(step, context);
    case 'remount':
      return remount.perform(step, context);
    case 'symlink':
      return symlink.perform(step, context);
    case 'sysctl':
      return sysctl.perform(step);
    case 'tap':
      return tap.perform(step, context);
    case 'template':
      return template.perform(step, context);
    case 'write':
      return write.perform(step, context);
    default:
      return unknownStep(step);
  }
};

const unknownStep = (step: never): never => {
  throw new Error(`no such kind of step: ${JSON.stringify(step)}`);
};
