import {isVariableName} from '../../appc/environment.ts';
import {fileUnusable} from '../errors.ts';
import {type Typed, wrong} from './checked.ts';
import {parseNameValues} from './name-value.ts';
import {readOperatorFile} from './operator-file.ts';

const checkVariable = (name: string, _: string, typed: Typed): void => {
  if (!isVariableName(name))
    throw wrong(typed, `"${name}" is no name of a variable (letters, digits, "_", "." and "-")`);
};

/** The values of `--set-env` or `--environment`, each variable once (appc IM-20). @throws RKT_FLAG_VALUE_INVALID */
export const parseEnvironment = (flag: string, values: readonly string[]): Record<string, string> =>
  parseNameValues(flag, 'LANG=C.UTF-8', values, checkVariable);

/**
 * The text of a `--set-env-file`: `NAME=VALUE` lines, each name once; empty lines and those that begin with `#` or `;` are left
 * out, nothing is unquoted or expanded.
 * @throws RKT_FLAG_FILE_UNUSABLE
 */
export const parseEnvironmentFile = (path: string, text: string): Record<string, string> => {
  const variables = new Map<string, string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (line === '' || line.startsWith('#') || line.startsWith(';')) continue;
    const fail = (because: string) => fileUnusable('set-env-file', path, `line ${index + 1}: ${because}`);
    const equals = line.indexOf('=');
    const name = line.slice(0, Math.max(0, equals));
    if (equals === -1) throw fail('not NAME=VALUE');
    if (!isVariableName(name)) throw fail(`"${name}" is no name of a variable`);
    if (line.includes('\0')) throw fail('has a NUL character');
    if (variables.has(name)) throw fail(`"${name}" is set twice`);
    variables.set(name, line.slice(equals + 1));
  }
  return Object.fromEntries(variables);
};

/** The variables for all apps: of the files in order, then of the flags; the later wins. */
export const collectEnvironment = (files: readonly string[], values: readonly string[]): Record<string, string> => {
  const all = [
    ...files.map((path) => parseEnvironmentFile(path, readOperatorFile('set-env-file', path))),
    parseEnvironment('set-env', values),
  ];
  // Defines `__proto__` as a name like any other.
  return Object.fromEntries(all.flatMap((variables) => Object.entries(variables)));
};
