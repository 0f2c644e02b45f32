import type * as z from 'zod/mini';
import type {IsolatorName} from '../../contract/isolators.ts';
import type {CgroupLimits, IsolatedField} from '../../contract/process.ts';

export type Scope = 'app' | 'pod';

/** What appc says about one isolator, and what rkt makes of it. */
export interface IsolatorDefinition<Value> {
  /** Where it may stand. */
  readonly scopes: readonly Scope[];
  /** The isolator that cannot stand beside it. */
  readonly excludes?: IsolatorName;
  /**
   * What it decides of the app's process and of the limits of a cgroup. An app that has lost it has the most there that the kernel gives. With neither, flavors read
   * the isolator itself.
   */
  readonly decides: {
    readonly process?: readonly IsolatedField[];
    readonly limits?: readonly (keyof CgroupLimits)[];
  };
  /** From the JSON value in a manifest to the value of the contract. */
  readonly value: z.ZodMiniType<Value, unknown>;
}
