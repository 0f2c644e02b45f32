import {characterRefused, environmentNameRefused, lineTooLong} from './errors.ts';

/*
 * Text of images in unit files (systemd.syntax(7), systemd.exec(5), systemd.service(5)). Each kind of setting is read by other rules; each
 * function here has the inverse of one of them, or throws. `where` names the app and the setting, for the error.
 */

/** One setting is read up to this many bytes, continued lines included. */
const MAX_LINE = 1_048_576;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '\u0007': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
};

const hexadecimal = (byte: number): string => `\\x${byte.toString(16).padStart(2, '0')}`;

/** Code points that systemd takes for broken UTF-8 although they are encoded well: the whole line would be ignored. */
const isNonCharacter = (point: number): boolean => (point >= 0xfdd0 && point <= 0xfdef) || (point & 0xfffe) === 0xfffe;

const utf8 = new TextEncoder();

const escapeCharacter = (character: string): string => {
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const point = character.codePointAt(0) ?? 0;
  if (point < 0x20 || point === 0x7f) return hexadecimal(point);
  return isNonCharacter(point) ? Array.from(utf8.encode(character), hexadecimal).join('') : character;
};

/** A double-quoted word in which nothing but `%` is still special to a setting. */
const quote = (text: string, where: string): string => {
  requireText(text, where);
  return `"${Array.from(text, escapeCharacter).join('').replaceAll('%', '%%')}"`;
};

/** No byte 0, which ends every C string, and nothing that is not Unicode, which UTF-8 cannot hold. */
const requireText = (text: string, where: string): void => {
  if (text.includes('\0')) throw characterRefused(where, text, 'a null byte');
  if (!text.isWellFormed()) throw characterRefused(where, text, 'half of a surrogate pair');
};

const requireShort = (line: string, where: string): string => {
  const length = utf8.encode(line).length;
  // The name of the setting and the end of the line count too.
  if (length > MAX_LINE - 64) throw lineTooLong(where, length);
  return line;
};

/**
 * The value of an ExecStart or ExecStop: `program`, an absolute path, is executed with exactly `argv`. `argv[0]` need not be its path.
 * Refuses a program whose path has quotes, backslashes or control characters: systemd calls these unsafe.
 */
export const execLine = (program: string, argv: readonly string[], where: string): string => {
  requireText(program, where);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (/["'\\\x01-\x1f\x7f]/.test(program)) {
    throw characterRefused(where, program, 'a quote, backslash or control character');
  }
  if (!program.startsWith('/') || program.endsWith('/')) throw characterRefused(where, program, 'no name of a file');
  requireNoNonCharacter(program, where);
  // Prefixes are looked for after the quotes are gone: they end at the first slash, which is the program's.
  const words = argv.map((argument) => quote(argument, where).replaceAll('$', '$$$$'));
  return requireShort([`"@${program.replaceAll('%', '%%')}"`, ...words].join(' '), where);
};

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The value of an Environment for one variable. Refuses names that systemd would ignore with no more than a line in its log. */
export const environmentAssignment = (name: string, value: string, app: string): string => {
  if (!NAME.test(name)) throw environmentNameRefused(app, name);
  const where = `app "${app}": environment variable ${name}`;
  // Values, unlike arguments, are checked again after the escapes are gone.
  requireNoNonCharacter(value, where);
  return requireShort(quote(`${name}=${value}`, where), where);
};

const requireNoNonCharacter = (text: string, where: string): void => {
  if (Array.from(text).some((character) => isNonCharacter(character.codePointAt(0) ?? 0))) {
    throw characterRefused(where, text, 'a code point that is no character');
  }
};

/**
 * The value of a setting that is one path (WorkingDirectory, RootDirectory, TTYPath, `file:` of StandardInput): read as it stands but for `%`, so there
 * is no way to say control characters. `.` and double slashes vanish; `..` is refused, because systemd would not follow symlinks before it.
 */
export const pathSetting = (path: string, where: string): string => {
  requirePath(path, where);
  // Blanks at the end of a line are dropped and a backslash would continue it. A slash there is dropped only when the path is read.
  const guarded = /[\s\\]/u.test(path.slice(-1)) ? `${path}/` : path;
  return guarded.replaceAll('%', '%%');
};

/** A path in a setting that is a list of them (BindPaths, InaccessiblePaths, DeviceAllow), after `prefix`. These lists know no escapes but `\` itself. */
export const pathItem = (path: string, where: string, prefix = ''): string => {
  requirePath(path, where);
  return `"${prefix}${path.replace(/["\\]/g, '\\$&').replaceAll('%', '%%')}"`;
};

/** The value of an AppArmorProfile: read as it stands but for `%`. One that is empty is none for systemd, and one after a minus need not be there: both are refused. */
export const profileSetting = (profile: string, where: string): string => {
  requireText(profile, where);
  if (!/^[^-\s]/u.test(profile)) throw characterRefused(where, profile, 'an empty name, a minus or a blank');
  // A backslash would continue the line, and blanks at its end are dropped.
  if (/[\s\\]$/u.test(profile)) throw characterRefused(where, profile, 'a blank or a backslash at its end');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (/[\x01-\x1f\x7f]/.test(profile)) throw characterRefused(where, profile, 'a control character');
  requireNoNonCharacter(profile, where);
  return requireShort(profile.replaceAll('%', '%%'), where);
};

const requirePath = (path: string, where: string): void => {
  requireText(path, where);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
  if (/[\x01-\x1f\x7f]/.test(path)) throw characterRefused(where, path, 'a control character');
  requireNoNonCharacter(path, where);
  if (!path.startsWith('/')) throw characterRefused(where, path, 'no slash at its start');
  if (path.split('/').includes('..')) throw characterRefused(where, path, '".."');
  if (utf8.encode(path).length > 4000) throw lineTooLong(where, path.length);
};
