import type {HostRequirement} from '../../contract/support.ts';

const OF_PROGRAM = /^(?:program\/(?<installed>.+)|built-with\/(?<built>.+)\/.*)$/s;

/** The program that a requirement is about, by its name in `HostFacts.programs`; `undefined` of any other. */
export const requiredProgram = (requirement: HostRequirement): string | undefined => {
  const {installed, built} = OF_PROGRAM.exec(requirement)?.groups ?? {};
  return installed ?? built;
};
