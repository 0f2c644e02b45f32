import {jsonInvalid} from './errors.ts';
import {inspectJson} from './inspect-json.ts';
import {type JsonLimits, MANIFEST_LIMITS} from './json-limits.ts';
import {shorten} from './shorten.ts';

/**
 * Parses untrusted JSON. Refused besides what is no JSON: more than `limits` allows, bytes that are not UTF-8, duplicate keys (S23),
 * the key `__proto__` (S25), and what would not survive being written again (lone surrogates, numbers beyond double precision).
 */
export const parseJson = (bytes: Uint8Array, limits: JsonLimits = MANIFEST_LIMITS): unknown => {
  if (bytes.length > limits.bytes) {
    throw jsonInvalid({path: '$', kind: 'size', reason: `more than ${limits.bytes} bytes`, limit: limits.bytes});
  }
  const text = decode(bytes);
  const value = parse(text);
  inspectJson(text, limits);
  return value;
};

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes);
  } catch (cause) {
    throw jsonInvalid({path: '$', kind: 'utf-8', reason: 'not UTF-8'}, cause);
  }
};

const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = shorten(cause instanceof SyntaxError ? cause.message : 'not JSON');
    throw jsonInvalid({path: '$', kind: 'syntax', reason}, cause);
  }
};
