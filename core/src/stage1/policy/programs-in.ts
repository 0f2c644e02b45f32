import type {HostRequirement} from '../../contract/support.ts';
import {requiredProgram} from '../load/required-program.ts';
import type {Rule} from './policy.ts';

/** The programs that rules ask a host for, as `gatherHostFacts` takes them. */
export const programsIn = (rules: readonly Rule[]): string[] => {
  const asked = rules.flatMap(({match, except}) =>
    [match?.host, except?.host].flatMap((host): HostRequirement[] => [...(host?.has ?? []), ...(host?.lacks ?? [])]),
  );
  return [...new Set(asked.flatMap((name) => requiredProgram(name) ?? []))];
};
