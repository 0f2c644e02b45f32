import type {Isolators} from '../../contract/isolators.ts';
import {type Process, RLIMITS} from '../../contract/process.ts';

/** The resource limits that an app asks for, in the order of their numbers. */
export const compileRlimits = (isolators: Isolators): Process['rlimits'] => {
  const limits = isolators['os/unix/rlimits']?.limits ?? {};
  return RLIMITS.flatMap((name) => {
    const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
    return limit === undefined ? [] : [{name, ...limit}];
  });
};
