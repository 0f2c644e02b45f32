import type {Finding} from '../../contract/host.ts';
import {missingOf} from '../negotiation/findings-of.ts';

/** Why a flavor does not run a pod. */
export interface Reason {
  /** It is not there; this host lacks something; a rule excludes it. */
  readonly kind: 'absent' | 'host' | 'policy';
  readonly because: string;
  readonly fix?: string;
  /** The rule that excludes it. */
  readonly rule?: {readonly name: string; readonly layer: string; readonly file: string};
}

/** What a host lacks for a flavor, as reasons not to choose it. */
export const hostReasons = (findings: readonly Finding[]): Reason[] =>
  missingOf(findings).map(({what, fix}) => ({kind: 'host', because: what, ...(fix === undefined ? {} : {fix})}));
