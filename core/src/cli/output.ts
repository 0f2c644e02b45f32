import type {Output, Style} from './context.ts';
import {outputFailed} from './errors.ts';
import {escapeJson, escapeText} from './escape-text.ts';
import {table} from './table.ts';
import {paint, wantsColour} from './terminal.ts';
import {write} from './write.ts';

/** Writes YAML; loaded only when asked for. */
export type YamlWriter = (value: unknown) => string;

/**
 * Output on descriptors 1 and 2, unbuffered and synchronous: nothing is lost when the process is replaced.
 * @param yaml needed for `value(…, 'yaml')`
 * @throws RKT_OUTPUT_FAILED
 */
export const makeOutput = (yaml?: YamlWriter): Output => {
  let colour: boolean | undefined;
  const styled = (text: string, style: Style | undefined): string => {
    if (style === undefined) return text;
    colour ??= wantsColour(1);
    return colour ? paint(text, style) : text;
  };
  return {
    line: (text = '', style) => print(`${styled(text.split('\t').map(escapeText).join('\t'), style)}\n`),
    table: (header, rows) => print(table(header === undefined ? rows : [header, ...rows])),
    value: (value, format) => print(render(value, format, yaml)),
    raw: (stream, bytes) => print(bytes, stream === 'stdout' ? 1 : 2),
    note: (text) => tell(`${text.split('\n').map(escapeText).join('\n')}\n`),
  };
};

const print = (data: string | Uint8Array, descriptor: 1 | 2 = 1): boolean => {
  try {
    return write(descriptor, data);
  } catch (cause) {
    throw outputFailed(cause);
  }
};

const tell = (text: string): void => {
  try {
    write(2, text);
  } catch {
    // A remark that cannot be made does not end the work.
  }
};

const render = (value: unknown, format: 'json' | 'json-pretty' | 'yaml', yaml: YamlWriter | undefined): string => {
  switch (format) {
    case 'json':
      return `${escapeJson(JSON.stringify(value))}\n`;
    case 'json-pretty':
      return `${escapeJson(JSON.stringify(value, undefined, 2))}\n`;
    case 'yaml':
      if (yaml === undefined) throw new TypeError('the YAML writer was not loaded');
      return yaml(value);
    default:
      return format satisfies never;
  }
};
