import {firstFault} from '../../appc/fault.ts';
import {readDocument} from '../../appc/read-manifest.ts';
import {configFieldInvalid, configFieldUnknown, configKindUnknown, configVersionUnknown} from '../../config/errors.ts';
import {readBytes} from '../../config/read-bytes.ts';
import {RktError} from '../../rkt-error.ts';
import {suggest} from '../../suggest.ts';
import type {PolicyFile} from './find-policy-files.ts';
import type {Match, Rule} from './policy.ts';
import {type PolicyFileContent, policyFile} from './policy-schema.ts';

/** Reads and checks policy files, JSON or YAML: their rules in the order of the files. @throws RKT_CONFIG_… with file and place */
export const loadPolicy = async (files: readonly PolicyFile[]): Promise<Rule[]> => {
  const rules: Rule[] = [];
  for (const {layer, file} of files) {
    const content = checked(file, await parse(file));
    rules.push(...content.rules.map((rule) => ({...normal(rule), layer, file})));
  }
  return rules;
};

const parse = async (file: string): Promise<unknown> => {
  const bytes = readBytes(file);
  try {
    return await readDocument(bytes);
  } catch (cause) {
    if (!(cause instanceof RktError)) throw cause;
    const {line, reason, path: at = '$'} = cause.fields;
    throw configFieldInvalid(
      file,
      typeof line === 'number' ? `line ${line}` : at === '$' ? '' : String(at),
      String(reason),
    );
  }
};

const checked = (file: string, document: unknown): PolicyFileContent => {
  const {rktKind, rktVersion} = Object(document) as {rktKind?: unknown; rktVersion?: unknown};
  if (typeof rktKind === 'string' && rktKind !== 'policy') throw configKindUnknown(file, rktKind, ['policy']);
  if (typeof rktVersion === 'string' && rktVersion !== 'v1') throw configVersionUnknown(file, 'policy', rktVersion);
  const result = policyFile.safeParse(document);
  if (result.success) return result.data;
  const {path: at, expected, value} = firstFault(result.error, document);
  const [issue] = result.error.issues;
  if (issue?.code === 'unrecognized_keys') throw configFieldUnknown(file, at, suggest(issue.keys[0] ?? '', FIELDS));
  throw configFieldInvalid(
    file,
    at === '$' ? '' : at,
    `must be ${expected}${value === undefined ? '' : `, and is ${value}`}`,
  );
};

/** For a hint at a slip. */
const FIELDS = [
  ...['rktVersion', 'rktKind', 'rules', 'name', 'match', 'except', 'flavors', 'forbid', 'require', 'degrade', 'accept'],
  ...['images', 'labels', 'annotations', 'users', 'isolators', 'host', 'arch', 'has', 'lacks', 'allow'],
];

type Written = PolicyFileContent['rules'][number];

/** Single values as lists of one. */
const normal = ({match, require, ...rule}: Written): Omit<Rule, 'layer' | 'file'> => ({
  ...rule,
  ...(match === undefined ? {} : {match: normalMatch(match)}),
  ...(require === undefined ? {} : {require: require.map(listed)}),
});

const normalMatch = ({labels, annotations, ...match}: NonNullable<Written['match']>): Match => ({
  ...match,
  ...(labels === undefined ? {} : {labels: allListed(labels)}),
  ...(annotations === undefined ? {} : {annotations: allListed(annotations)}),
});

const allListed = (record: Readonly<Record<string, string | string[]>>): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, listed(value)]));

const listed = (value: string | string[]): readonly string[] => (typeof value === 'string' ? [value] : value);
