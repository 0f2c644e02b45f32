import path from 'node:path';
import type * as z from 'zod/mini';
import {suggest} from '../suggest.ts';
import {KIND_DIRECTORIES, KINDS, type Kind} from './config.ts';
import {duplicateKey} from './duplicate-key.ts';
import {
  configFieldInvalid,
  configFieldUnknown,
  configKindUnknown,
  configMalformed,
  configVersionUnknown,
} from './errors.ts';
import {type ConfigFile, kinds} from './kinds.ts';
import {readBytes} from './read-bytes.ts';

/** Reads and checks one configuration file. @throws RKT_CONFIG_… */
export const readFile = (file: string): ConfigFile => {
  const json = parseJson(file);
  const {rktKind, rktVersion} = json;
  if (typeof rktKind !== 'string') throw headerInvalid(file, json, 'rktKind');
  const allowed = KINDS.filter((kind) => KIND_DIRECTORIES[kind] === path.basename(path.dirname(file)));
  if (!isOneOf(rktKind, allowed)) throw configKindUnknown(file, rktKind, allowed);
  if (typeof rktVersion !== 'string') throw headerInvalid(file, json, 'rktVersion');
  if (rktVersion !== 'v1') throw configVersionUnknown(file, rktKind, rktVersion);
  const result = kinds[rktKind].safeParse(json);
  if (result.success) return result.data;
  refuseUnknown(file, '', json, FIELDS[rktKind]);
  if (isRecord(json.credentials)) refuseUnknown(file, 'credentials.', json.credentials, CREDENTIALS);
  const [issue] = result.error.issues;
  throw configFieldInvalid(file, (issue?.path ?? []).join('.'), issue === undefined ? 'invalid' : describe(issue));
};

const HEADER = ['rktKind', 'rktVersion'];
const CREDENTIALS = ['user', 'password', 'token', 'accessKeyID', 'secretAccessKey', 'awsRegion'];
/** What may stand in a file of each kind. A test compares them with the schemas. */
const FIELDS: Readonly<Record<Kind, readonly string[]>> = {
  auth: [...HEADER, 'domains', 'type', 'credentials'],
  dockerAuth: [...HEADER, 'registries', 'credentials'],
  image: [...HEADER, 'prefixes', 'accept'],
  paths: [...HEADER, 'data', 'stage1-images', 'receipt-key'],
  stage1: [
    ...HEADER,
    'flavor',
    'name',
    'version',
    'location',
    'accelerator',
    'templates',
    'kernel',
    'initramfs',
    'previous',
  ],
};

/** A misspelt name is told before what is missing for it. */
const refuseUnknown = (file: string, where: string, found: object, known: readonly string[]): void => {
  const name = Object.keys(found).find((key) => !known.includes(key));
  if (name !== undefined) throw configFieldUnknown(file, where + name, suggest(name, known));
};

const headerInvalid = (file: string, json: Record<string, unknown>, name: string) => {
  const misspelt = Object.hasOwn(json, name)
    ? undefined
    : Object.keys(json).find((key) => !HEADER.includes(key) && suggest(key, HEADER).includes(name));
  return misspelt === undefined
    ? configFieldInvalid(file, name, Object.hasOwn(json, name) ? 'must be a string' : 'is missing')
    : configFieldUnknown(file, misspelt, [name]);
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isOneOf = (kind: string, allowed: readonly Kind[]): kind is Kind => (allowed as readonly string[]).includes(kind);

const parseJson = (file: string): Record<string, unknown> => {
  const text = readBytes(file).toString();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw configMalformed(file, placeOf(cause), cause);
  }
  if (!isRecord(json)) throw configMalformed(file, undefined, undefined);
  const twice = duplicateKey(text);
  if (twice !== undefined) throw configFieldInvalid(file, twice.path, `is there a second time, in line ${twice.line}`);
  return json;
};

/** Nothing else of what the parser says: it quotes the text, which may be credentials. */
const placeOf = ({message}: SyntaxError): string | undefined => /\((line \d+ column \d+)\)$/.exec(message)?.[1];

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
