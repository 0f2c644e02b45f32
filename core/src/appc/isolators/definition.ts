import type * as z from 'zod/mini';

export type Scope = 'app' | 'pod';

/** What appc says about one isolator. */
export interface IsolatorDefinition<Value> {
  /** Where it may stand. */
  readonly scopes: readonly Scope[];
  /** The isolator that cannot stand beside it. */
  readonly excludes?: string;
  /** From the JSON value in a manifest to the value of the contract. */
  readonly value: z.ZodMiniType<Value, unknown>;
}

export const BOTH: readonly Scope[] = ['app', 'pod'];
export const APP: readonly Scope[] = ['app'];
export const POD: readonly Scope[] = ['pod'];
