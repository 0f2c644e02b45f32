const PLAIN = /^[ -~]*$/;

/**
 * Makes untrusted text harmless on a terminal (S26): controls (C0, C1, DEL), bidirectional and other invisible characters and line
 * separators become `\x1b` or `\u202e`.
 */
export const escapeText = (text: string): string =>
  // Most text is plain, and compiling the classes of Unicode costs half a millisecond.
  PLAIN.test(text) ? text : text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, (found) => codeUnits(found, escapeUnit));

/** The same characters in JSON text, as JSON's own escapes: the value stays what it was. */
export const escapeJson = (json: string): string =>
  json.replace(/[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]--\n]/gv, (found) => codeUnits(found, escapeUnitWide));

const codeUnits = (text: string, escapeOne: (code: number) => string): string => {
  let result = '';
  for (let index = 0; index < text.length; index++) result += escapeOne(text.charCodeAt(index));
  return result;
};

const escapeUnit = (code: number): string =>
  code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : escapeUnitWide(code);

const escapeUnitWide = (code: number): string => `\\u${code.toString(16).padStart(4, '0')}`;
