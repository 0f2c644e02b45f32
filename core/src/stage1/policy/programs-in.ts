import type {HostRequirement} from '../../contract/support.ts';
import type {Rule} from './policy.ts';

const PROGRAM = /^program\/(.*)$|^built-with\/(.*)\/[^/]*$/s;

/** The programs that rules ask a host for, as `gatherHostFacts` takes them. */
export const programsIn = (rules: readonly Rule[]): string[] => {
  const asked = rules.flatMap(({match, except}) =>
    [match?.host, except?.host].flatMap((host): HostRequirement[] => [...(host?.has ?? []), ...(host?.lacks ?? [])]),
  );
  return [...new Set(asked.flatMap((name) => PROGRAM.exec(name)?.slice(1).find(Boolean) ?? []))];
};
