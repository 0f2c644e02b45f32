import type * as z from 'zod/mini';
import {shorten} from './shorten.ts';

/** The first thing wrong with a document. */
export interface Fault {
  /** `apps[0].app.user`, or `$` for the document itself. */
  readonly path: string;
  /** The offending value as JSON, shortened; absent when the value is absent. */
  readonly value?: string;
  /** A noun phrase. */
  readonly expected: string;
}

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

/** Renders a path of keys and indices: `apps[0].image.labels`; `$` when empty. */
export const renderPath = (path: Path): string =>
  path.reduce<string>(
    (text, key) =>
      typeof key === 'number'
        ? `${text}[${key}]`
        : text === ''
          ? shorten(String(key))
          : `${text}.${shorten(String(key))}`,
    '',
  ) || '$';

/** Says where `input` first breaks the schema that `error` comes from. */
export const firstFault = (error: z.core.$ZodError, input: unknown): Fault => {
  const {path, expected} = firstIssue(error, input);
  const value = lookUp(input, path);
  return {path: renderPath(path), ...(value === undefined ? {} : {value: shorten(JSON.stringify(value))}), expected};
};

/** The same with the path as a list, for a check that passes on what a schema inside it found. */
export const firstIssue = (error: z.core.$ZodError, input: unknown): {path: PropertyKey[]; expected: string} => {
  const issue = error.issues[0];
  if (issue === undefined) return {path: [], expected: 'a valid document'};
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0] ?? ''] : [...issue.path];
  return {path, expected: describe(issue, lookUp(input, path))};
};

const lookUp = (input: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null && Object.hasOwn(value, key)
        ? (value as Record<PropertyKey, unknown>)[key] // own key of an object
        : undefined,
    input,
  );

/** zod/mini says "Invalid input" where a schema has no message of its own. */
const hasMessage = (issue: Issue): boolean => issue.message !== '' && issue.message !== 'Invalid input';

const describe = (issue: Issue, value: unknown): string => {
  if (hasMessage(issue)) return issue.message;
  switch (issue.code) {
    case 'invalid_type':
      return `${article(issue.expected)}${value === undefined ? ' (required)' : ''}`;
    case 'unrecognized_keys':
      return 'no field of this name';
    case 'invalid_value':
      return oneOf(issue.values);
    case 'invalid_union':
      return 'options' in issue && Array.isArray(issue.options) ? oneOf(issue.options) : 'another type';
    case 'invalid_key':
      return `in the place of this name ${issue.issues[0]?.message ?? 'another'}`;
    case 'too_small':
      return `at least ${issue.minimum}`;
    case 'too_big':
      return `at most ${issue.maximum}`;
    default:
      return 'a valid value';
  }
};

const oneOf = (values: readonly unknown[]): string =>
  values.map((value) => JSON.stringify(value) ?? 'nothing').join(' or ');
const article = (type: string): string => (/^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`);
