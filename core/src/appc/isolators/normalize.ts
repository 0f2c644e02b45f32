import type {Isolators} from '../../contract/isolators.ts';
import {isolatorInvalid} from '../errors.ts';
import {firstFault} from '../fault.ts';
import type {Scope} from './definition.ts';
import {findDefinition} from './definitions.ts';

/**
 * Brings the isolators of a manifest or of flags into the contract's terms. Those that rkt does not know stay as given: whoever asks for one is told that it has no effect (appc EX-32, EX-33).
 * @throws RKT_ISOLATOR_INVALID
 */
export const normalizeIsolators = (
  list: readonly {readonly name: string; readonly value: unknown}[] | null | undefined,
  scope: Scope,
): Isolators => {
  const isolators: Record<string, unknown> = {};
  for (const {name, value} of list ?? []) {
    const definition = findDefinition(name);
    if (definition === undefined) {
      isolators[name] = value;
      continue;
    }
    const fail = (expected: string) => isolatorInvalid(name, {path: '$', expected});
    if (!definition.scopes.includes(scope)) throw fail(`an isolator for ${scope === 'app' ? 'an app' : 'a pod'}`);
    if (Object.hasOwn(isolators, name)) throw fail('each isolator once');
    if (definition.excludes !== undefined && Object.hasOwn(isolators, definition.excludes)) {
      throw fail(`not both this and ${definition.excludes}`);
    }
    const result = definition.value.safeParse(value);
    if (!result.success) throw isolatorInvalid(name, firstFault(result.error, value));
    isolators[name] = result.data;
  }
  return isolators as Isolators; // each known value is of the schema of its name
};
