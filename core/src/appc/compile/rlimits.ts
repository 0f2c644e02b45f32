import type {Isolators} from '../../contract/isolators.ts';
import {RLIMITS} from '../../contract/kernel-names.ts';
import type {Process} from '../../contract/process.ts';

/** The resource limits that an app asks for, in the order of their numbers. */
export const compileRlimits = (isolators: Isolators): Process['rlimits'] => {
  const limits = isolators['os/unix/rlimits']?.limits ?? {};
  return RLIMITS.flatMap((name) => {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    return limit === undefined ? [] : [{name, ...limit}];
  });
};
