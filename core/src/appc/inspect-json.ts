import {jsonInvalid} from './errors.ts';
import {renderPath} from './fault.ts';
import type {JsonFault, JsonLimits} from './json-limits.ts';
import {shorten} from './shorten.ts';

/** An array or object whose end has not been seen. */
interface Open {
  /** Keys so far; absent in an array. */
  readonly keys?: Set<string>;
  /** Where in it the scanner is. */
  at: string | number;
}

const SCALAR = /[^\s,\]}]+/y;
const SPACE = /\s*/y;

/**
 * Walks over `text`, which `JSON.parse` has accepted, and throws at the first thing that `JSON.parse` hides:
 * nesting, number of entries, duplicate keys, keys and values that are not kept. One pass, linear in time.
 */
export const inspectJson = (text: string, limits: JsonLimits): void => {
  const open: Open[] = [];
  let entries = 0;
  const fail = (kind: JsonFault['kind'], reason: string, limit?: number): never => {
    const path = renderPath(open.map(({at}) => at).filter((at) => at !== ''));
    throw jsonInvalid({path, kind, reason, ...(limit === undefined ? {} : {limit})});
  };
  const count = (): void => {
    entries += 1;
    if (entries > limits.entries) fail('entries', `more than ${limits.entries} keys and values`, limits.entries);
  };

  for (let i = 0; i < text.length; ) {
    switch (text[i]) {
      case '{':
      case '[':
        count();
        if (open.length === limits.depth) fail('depth', `nested deeper than ${limits.depth}`, limits.depth);
        open.push(text[i] === '{' ? {keys: new Set(), at: ''} : {at: 0});
        i += 1;
        break;
      case '}':
      case ']':
        open.pop();
        i += 1;
        break;
      case ',': {
        const top = open.at(-1);
        if (typeof top?.at === 'number') top.at += 1;
        i += 1;
        break;
      }
      case '"': {
        count();
        const end = endOfString(text, i);
        const value = decodeString(text, i, end);
        const top = open.at(-1);
        const next = skip(SPACE, text, end);
        if (top?.keys !== undefined && text[next] === ':') {
          top.at = value;
          if (top.keys.has(value)) fail('duplicate-key', `the key "${shorten(value)}" occurs twice`);
          if (value === '__proto__') fail('forbidden-key', 'the key "__proto__" is not allowed');
          top.keys.add(value);
        }
        if (!value.isWellFormed()) fail('text', 'half of a surrogate pair');
        i = end;
        break;
      }
      case ' ':
      case '\n':
      case '\r':
      case '\t':
      case ':':
        i += 1;
        break;
      default: {
        count();
        const end = skip(SCALAR, text, i);
        if (!isKept(text.slice(i, end))) fail('number', 'a number beyond double precision');
        i = end;
      }
    }
  }
};

const skip = (pattern: RegExp, text: string, from: number): number => {
  pattern.lastIndex = from;
  pattern.test(text);
  return pattern.lastIndex;
};

/** Index after the closing quote of the string that opens at `start`. */
const endOfString = (text: string, start: number): number => {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === '\\' ? 2 : 1;
  return i + 1;
};

const decodeString = (text: string, start: number, end: number): string => {
  const raw = text.slice(start + 1, end - 1);
  return raw.includes('\\') ? String(JSON.parse(text.slice(start, end))) : raw;
};

/** Whether a scalar that is not a string means the same after reading and writing. */
const isKept = (scalar: string): boolean => {
  const value: unknown = JSON.parse(scalar);
  if (typeof value !== 'number') return true;
  return /^-?[0-9]+$/.test(scalar) ? Number.isSafeInteger(value) : Number.isFinite(value);
};
