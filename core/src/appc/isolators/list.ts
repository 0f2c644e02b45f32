import * as z from 'zod/mini';
import {firstIssue} from '../fault.ts';
import {acIdentifier} from '../names.ts';
import type {Scope} from './definition.ts';
import {findDefinition} from './definitions.ts';

/** Exactly a name and a value (appc TY-06). */
const entry = z.lazy(() =>
  z.strictObject({name: acIdentifier, value: z.unknown()}).check(
    z.check((context) => {
      if (!Object.hasOwn(context.value, 'value') || context.value.value === undefined) {
        context.issues.push({code: 'custom', message: 'a value (required)', path: ['value'], input: undefined});
      }
    }),
  ),
);

/**
 * The isolators of an app or a pod. A known one has the value that appc gives it, stands once, in a scope it is made for, and not beside one that
 * excludes it (appc EX-36, EX-42, EX-46, EX-48, EX-53, EX-55). Unknown ones pass: they are reported as ignored (EX-32, EX-33).
 */
export const isolatorList = (scope: Scope) =>
  z.array(entry).check(
    z.check((context) => {
      const seen = new Set<string>();
      context.value.forEach(({name, value}, i) => {
        const definition = findDefinition(name);
        if (definition === undefined) return;
        const fail = (message: string) =>
          context.issues.push({code: 'custom', message, path: [i, 'name'], input: name});
        if (!definition.scopes.includes(scope)) fail(`an isolator for ${scope === 'app' ? 'an app' : 'a pod'}`);
        if (seen.has(name)) fail('each isolator once');
        if (definition.excludes !== undefined && seen.has(definition.excludes))
          fail(`not both this and ${definition.excludes}`);
        seen.add(name);
        const result = definition.value.safeParse(value);
        if (result.success) return;
        const {path, expected} = firstIssue(result.error, value);
        context.issues.push({code: 'custom', message: expected, path: [i, 'value', ...path], input: value});
      });
    }),
  );
