import path from 'node:path';
import type * as z from 'zod/mini';
import {KIND_DIRECTORIES, KINDS, type Kind} from './config.ts';
import {
  configFieldInvalid,
  configKindUnknown,
  configMalformed,
  configTooLarge,
  configUnreadable,
  configVersionUnknown,
} from './errors.ts';
import {type ConfigFile, kinds} from './kinds.ts';
import {readBounded, Unbounded} from './read-bounded.ts';

/** Largest configuration file. */
export const MAX_BYTES = 1 << 20;

/** Reads and checks one configuration file. @throws RKT_CONFIG_… */
export const readFile = (file: string): ConfigFile => {
  const json = parseJson(file);
  const {rktKind, rktVersion} = json;
  if (typeof rktKind !== 'string') throw configFieldInvalid(file, 'rktKind', 'must be a string');
  const allowed = KINDS.filter((kind) => KIND_DIRECTORIES[kind] === path.basename(path.dirname(file)));
  if (!isOneOf(rktKind, allowed)) throw configKindUnknown(file, rktKind, allowed);
  if (typeof rktVersion !== 'string') throw configFieldInvalid(file, 'rktVersion', 'must be a string');
  if (rktVersion !== 'v1') throw configVersionUnknown(file, rktKind, rktVersion);
  const result = kinds[rktKind].safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw configFieldInvalid(file, (issue?.path ?? []).join('.'), issue === undefined ? 'invalid' : describe(issue));
};

const isOneOf = (kind: string, allowed: readonly Kind[]): kind is Kind => (allowed as readonly string[]).includes(kind);

const parseJson = (file: string): Record<string, unknown> => {
  let json: unknown;
  try {
    json = JSON.parse(readText(file));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw configMalformed(file, cause);
  }
  if (json === null || typeof json !== 'object' || Array.isArray(json)) throw configMalformed(file, undefined);
  return json as Record<string, unknown>;
};

const readText = (file: string): string => {
  try {
    return readBounded(file, MAX_BYTES, {followLinks: false}).toString();
  } catch (cause) {
    if (cause instanceof Unbounded && cause.reason === 'too-large') throw configTooLarge(file, MAX_BYTES);
    throw configUnreadable(file, cause);
  }
};

/** zod/mini carries no sentences of its own. Values are left out: they may be credentials. */
const describe = (issue: z.core.$ZodIssue): string => {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `unknown field ${issue.keys.map((key) => `"${key}"`).join(', ')}`;
    case 'invalid_type':
      return `must be ${/^[aeiou]/.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
    case 'too_small':
      return 'must not be empty';
    case 'invalid_union':
      return 'must be one of basic, oauth, aws';
    default:
      return issue.message;
  }
};
