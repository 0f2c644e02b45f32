import * as z from 'zod/mini';
import {FEATURES} from '../../contract/declaration.ts';
import {isolatorNames} from '../../contract/isolators.ts';
import {hostRequirement} from '../../contract/support.ts';
import {REQUIREMENTS} from './requirements.ts';

/*
 * The format of a policy file, version v1.
 */

const filled = z.string().check(z.minLength(1, 'text that is not empty'));

const list = <T extends z.core.$ZodType>(item: T) => z.array(item).check(z.minLength(1, 'at least one entry'));

/** At least one of the fields. */
const notEmpty = (expected: string) =>
  z.refine<object>((value) => Object.values(value).some((field) => field !== undefined), expected);

const oneOf = (names: readonly string[], expected: string) =>
  z.string().check(z.refine((name) => names.includes(name), expected));

const isolator = oneOf(isolatorNames, 'an isolator that rkt knows');
const degradable = oneOf([...isolatorNames, ...FEATURES], 'an isolator or feature that rkt knows');
const requirement = oneOf(
  REQUIREMENTS,
  'a property (own-kernel, no-shared-pid, …), isolator, feature or verb that rkt knows',
);

/** A name, as of `rkt flavor list`, or where it is. */
const flavor = z
  .string()
  .check(z.regex(/^([a-z0-9]+(-[a-z0-9]+)*|\/[^\0]+)$/, 'the name of a flavor, or its absolute path'));

const values = z.union([filled, list(filled)], 'text, or a list of it');
const ruleName = z.string().check(z.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'lower-case letters, digits and single hyphens'));

const host = z
  .strictObject({
    arch: z.optional(list(z.enum(['x86_64', 'aarch64']))),
    has: z.optional(list(hostRequirement)),
    lacks: z.optional(list(hostRequirement)),
  })
  .check(notEmpty('arch, has or lacks'));

const match = z
  .strictObject({
    images: z.optional(list(filled)),
    labels: z.optional(z.record(filled, values)),
    annotations: z.optional(z.record(filled, values)),
    users: z.optional(
      list(
        z.union(
          [z.enum(['root', 'other']), z.int().check(z.minimum(0), z.maximum(4_294_967_294))],
          '"root", "other" or the number of a user',
        ),
      ),
    ),
    isolators: z.optional(list(isolator)),
    host: z.optional(host),
  })
  .check(notEmpty('at least one condition; leave "match" out for every app'));

const permission = (name: typeof isolator) =>
  z
    .strictObject({
      allow: z.optional(list(name)),
      forbid: z.optional(z.union([z.literal('all'), list(name)], '"all", or a list of names')),
    })
    .check(notEmpty('allow or forbid'))
    .check(
      z.refine(({allow = [], forbid}) => !Array.isArray(forbid) || !allow.some((each) => forbid.includes(each)), {
        message: 'no name that is allowed in the same rule',
        path: ['forbid'],
      }),
    );

const EFFECTS = ['flavors', 'forbid', 'require', 'degrade', 'accept'] as const;

const rule = z
  .strictObject({
    name: ruleName,
    match: z.optional(match),
    except: z.optional(
      z.strictObject({images: z.optional(list(filled)), host: z.optional(host)}).check(notEmpty('images or host')),
    ),
    flavors: z.optional(list(flavor)),
    forbid: z.optional(list(flavor)),
    require: z.optional(list(z.union([requirement, list(requirement)]))),
    degrade: z.optional(permission(degradable)),
    accept: z.optional(permission(isolator)),
  })
  .check(
    z.refine((given) => EFFECTS.some((effect) => given[effect] !== undefined), `at least one of ${EFFECTS.join(', ')}`),
  );

export const policyFile = z.strictObject({
  rktVersion: z.literal('v1'),
  rktKind: z.literal('policy'),
  rules: list(rule).check(
    z.refine((rules) => new Set(rules.map(({name}) => name)).size === rules.length, 'rules of different names'),
  ),
});
export type PolicyFileContent = z.infer<typeof policyFile>;
