import type {HostRequirement, ReadBack, Support} from '@rkt/core/contract';

export interface Proof {
  /** What the host must have for the promise to hold: `cgroup/memory`, `capability/CAP_SYS_ADMIN`, `seccomp`, … */
  readonly requires?: HostRequirement[];
  /** Where `rkt status --verify` finds it in the running kernel. */
  readonly readBack?: ReadBack;
}

/** It holds exactly as asked, by this mechanism. */
export const enforced = (mechanism: string, proof: Proof = {}): Support => ({level: 'enforced', mechanism, ...proof});

/** Its purpose is met by other means, with this consequence; the report says `modified`. */
export const equivalent = (mechanism: string, consequence: string, proof: Proof = {}): Support => ({
  level: 'equivalent',
  mechanism,
  consequence,
  ...proof,
});

/** Asking for it changes nothing, and nothing is lost, for this reason. */
export const notApplicable = (consequence: string): Support => ({level: 'not-applicable', consequence});

/** The flavor cannot do it, for this reason; a pod that asks for it is refused unless the operator allows that very name to be left out. */
export const impossible = (consequence: string): Support => ({level: 'impossible', consequence});
