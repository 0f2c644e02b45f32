/*
 * How systemd reads settings, after systemd.syntax(7), systemd.unit(5) "SPECIFIERS" and systemd.service(5) "COMMAND LINES", written without a look at the encoders.
 */

export interface Parsed {
  readonly section: string;
  readonly key: string;
  readonly value: string;
}

/** The settings of a unit. Throws on what systemd would ignore. */
export const parseUnit = (content: string): Parsed[] => {
  const settings: Parsed[] = [];
  let section = '';
  for (const line of content.split(/[\n\r\0]/)) {
    const text = line.trim();
    if (text === '' || text.startsWith('#') || text.startsWith(';')) continue;
    if (/(^|[^\\])(\\\\)*\\$/.test(text)) throw new Error(`continued: ${text}`);
    const header = /^\[(\w+)\]$/.exec(text);
    const [, key, value] = /^(\w+)\s*=\s*(.*)$/s.exec(text) ?? [];
    if (header) section = header[1] ?? '';
    else if (key !== undefined && value !== undefined) settings.push({section, key, value});
    else throw new Error(`no setting: ${text}`);
  }
  return settings;
};

const LETTERS: Record<string, number> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  '\\': 92,
  '"': 34,
  "'": 39,
  s: 32,
};

/** Words with quotes and C escapes, as bytes put together again. */
export const words = (text: string): string[] => {
  const input = Buffer.from(text);
  const found: string[] = [];
  let bytes: number[] | undefined;
  let quote = 0;
  for (let at = 0; at < input.length; at += 1) {
    const byte = input[at] ?? 0;
    const isBlank = byte === 32 || byte === 9;
    if (quote === 0 && isBlank) {
      if (bytes !== undefined) found.push(Buffer.from(bytes).toString());
      bytes = undefined;
      continue;
    }
    bytes ??= [];
    if (byte === quote) quote = 0;
    else if (quote === 0 && (byte === 34 || byte === 39)) quote = byte;
    else if (byte === 92) {
      const letter = String.fromCharCode(input[at + 1] ?? 0);
      if (letter === 'x') {
        bytes.push(Number.parseInt(input.toString('latin1', at + 2, at + 4), 16));
        at += 3;
      } else {
        const value = LETTERS[letter];
        if (value === undefined) throw new Error(`escape \\${letter}`);
        bytes.push(value);
        at += 1;
      }
    } else bytes.push(byte);
  }
  if (quote !== 0) throw new Error('quote without end');
  if (bytes !== undefined) found.push(Buffer.from(bytes).toString());
  return found;
};

/** `%%` is a percent sign; any other specifier would put something of the unit's there. */
export const specifiers = (text: string): string =>
  text.replace(/%(.?)/gs, (_, letter) => {
    if (letter !== '%') throw new Error(`specifier %${letter}`);
    return '%';
  });

const variables = (text: string): string =>
  text.replace(/\$(.?)/gs, (_, next) => {
    if (next !== '$') throw new Error(`variable $${next}`);
    return '$';
  });

const QUOTED = /"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/gs;

export const execOf = (value: string): {program: string; argv: string[]} => {
  // A quoted semicolon separates nothing: systemd looks for one where a word would begin.
  if (
    value
      .replace(QUOTED, '""')
      .split(/[ \t]+/)
      .includes(';')
  )
    throw new Error('two commands');
  const [first = '', ...rest] = words(value);
  const [, prefixes = '', program = ''] = /^([-@:+!]*)(.*)$/s.exec(first) ?? [];
  if (prefixes !== '@') throw new Error(`prefixes ${prefixes}`);
  return {program: specifiers(program), argv: rest.map((word) => variables(specifiers(word)))};
};

export const environmentOf = (value: string): string[] => words(value).map(specifiers);

export const pathOf = (value: string): string => {
  const path = specifiers(value.trim());
  if (!path.startsWith('/')) throw new Error(`not absolute: ${path}`);
  return `/${path
    .split('/')
    .filter((part) => part !== '' && part !== '.')
    .join('/')}`;
};
