import type {Isolators} from '../../contract/isolators.ts';
import {isolatorInvalid} from '../errors.ts';
import {firstFault} from '../fault.ts';
import type {Scope} from './definition.ts';
import {findDefinition} from './definitions.ts';

export interface NormalizedIsolators {
  /** In the contract's terms. */
  readonly known: Isolators;
  /** As given: to be reported as ignored (appc EX-32, EX-33). */
  readonly unknown: readonly {readonly name: string; readonly value: unknown}[];
}

/** Brings the isolators of a manifest or of flags into the contract's terms; throws `RKT_ISOLATOR_INVALID`. */
export const normalizeIsolators = (
  list: readonly {readonly name: string; readonly value: unknown}[] | null | undefined,
  scope: Scope,
): NormalizedIsolators => {
  const known: Record<string, unknown> = {};
  const unknown: {name: string; value: unknown}[] = [];
  for (const {name, value} of list ?? []) {
    const definition = findDefinition(name);
    if (definition === undefined) {
      unknown.push({name, value});
      continue;
    }
    const fail = (expected: string) => isolatorInvalid(name, {path: '$', expected});
    if (!definition.scopes.includes(scope)) throw fail(`an isolator for ${scope === 'app' ? 'an app' : 'a pod'}`);
    if (Object.hasOwn(known, name)) throw fail('each isolator once');
    if (definition.excludes !== undefined && Object.hasOwn(known, definition.excludes)) {
      throw fail(`not both this and ${definition.excludes}`);
    }
    const result = definition.value.safeParse(value);
    if (!result.success) throw isolatorInvalid(name, firstFault(result.error, value));
    known[name] = result.data;
  }
  return {known: known as Isolators, unknown}; // each value is of the schema of its name
};
