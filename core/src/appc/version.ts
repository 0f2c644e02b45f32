import * as z from 'zod/mini';
import {APPC_VERSION} from './appc-version.ts';

const IMPLEMENTED = APPC_VERSION.split('.').map(Number);

/** SemVer 2.0.0 sets no limit; nobody needs more. */
export const MAX_VERSION = 256;

const NUMBER = /^(?:0|[1-9][0-9]*)$/;
const IDENTIFIER = /^[0-9A-Za-z-]+$/;
const DIGITS = /^[0-9]+$/;

/** The numbers of a version by SemVer 2.0.0; `undefined` when it is none. */
export const parseVersion = (text: string): readonly [major: number, minor: number, patch: number] | undefined => {
  if (text.length > MAX_VERSION) return;
  const [rest = '', ...builds] = split(text, '+');
  const [core = '', ...prereleases] = split(rest, '-');
  const [major = '', minor = '', patch = '', ...more] = core.split('.');
  const prerelease = prereleases.flatMap((part) => part.split('.'));
  const build = builds.flatMap((part) => part.split('.'));
  const valid =
    more.length === 0 &&
    [major, minor, patch].every((part) => NUMBER.test(part)) &&
    prerelease.every((part) => IDENTIFIER.test(part) && (!DIGITS.test(part) || NUMBER.test(part))) &&
    build.every((part) => IDENTIFIER.test(part));
  return valid ? [Number(major), Number(minor), Number(patch)] : undefined;
};

/** Why a document of this version cannot be read; `undefined` when it can (appc TY-04). */
const objection = (text: string): string | undefined => {
  const numbers = parseVersion(text);
  if (numbers === undefined || numbers.every((number) => number === 0)) return 'a version by SemVer 2.0.0';
  const newer = IMPLEMENTED.findIndex((number, i) => numbers[i] !== number);
  const isNewer = newer !== -1 && (numbers[newer] ?? 0) > (IMPLEMENTED[newer] ?? 0);
  return isNewer ? `a version not newer than ${APPC_VERSION}, which this rkt implements` : undefined;
};

/** The version of appc that a manifest keeps to: of the same major version, not newer than what is implemented (appc TY-04). */
export const acVersion = z
  .lazy(() =>
    z.string().check((context) => {
      const message = objection(context.value);
      if (message !== undefined) context.issues.push({code: 'custom', message, input: context.value});
    }),
  )
  .brand<'AcVersion'>();

/** `a-b-c` at the first `-`: `a`, `b-c`. */
const split = (text: string, separator: string): string[] => {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
};
