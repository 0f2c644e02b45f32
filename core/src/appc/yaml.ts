import {yamlInvalid} from './errors.ts';
import {parseJson} from './json.ts';
import {type JsonLimits, MANIFEST_LIMITS} from './json-limits.ts';
import {shorten} from './shorten.ts';

/** How often aliases may repeat a node, those inside of it included. The parser counts the node itself too. */
export const MAX_ALIASES = 100;

/**
 * Parses YAML 1.2 (core schema) to what the same document in JSON gives, with the same limits and the same strictness. Tags, several
 * documents, duplicate keys and keys that are not strings are refused.
 */
export const parseYaml = async (bytes: Uint8Array, limits: JsonLimits = MANIFEST_LIMITS): Promise<unknown> => {
  if (bytes.length > limits.bytes) throw yamlInvalid(`more than ${limits.bytes} bytes`, undefined);
  const {parseDocument, LineCounter, isMap, isScalar, visit} = await import('yaml');
  const lines = new LineCounter();
  const text = decode(bytes);
  const line = (offset: number | undefined) => (offset === undefined ? undefined : lines.linePos(offset).line);
  try {
    const document = parseDocument(text, {
      // the parser's own check compares every pair of keys
      uniqueKeys: false,
      lineCounter: lines,
      prettyErrors: false,
      schema: 'core',
      stringKeys: true,
      version: '1.2',
    });
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) throw yamlInvalid(reasonOf(problem), line(problem.pos[0]));
    visit(document, {
      Scalar: (_, {value, range}) => {
        if (
          typeof value === 'number' &&
          !(Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value))
        ) {
          throw yamlInvalid('a number that JSON cannot hold exactly', line(range?.[0]));
        }
      },
      Map: (_, map) => {
        const seen = new Set<unknown>();
        for (const {key} of isMap(map) ? map.items : []) {
          if (!isScalar(key)) throw yamlInvalid('a key that is not a string', line(map.range?.[0]));
          if (seen.has(key.value))
            throw yamlInvalid(`the key "${shorten(String(key.value))}" occurs twice`, line(key.range?.[0]));
          seen.add(key.value);
        }
      },
    });
    return parseJson(Buffer.from(JSON.stringify(document.toJS({maxAliasCount: MAX_ALIASES + 1})) ?? 'null'), limits);
  } catch (error) {
    // nesting that exhausts the parser's stack, aliases that multiply or contain themselves
    if (error instanceof RangeError || error instanceof ReferenceError || error instanceof TypeError) {
      throw yamlInvalid(reasonOf(error), undefined, error);
    }
    throw error;
  }
};

const reasonOf = ({message}: Error): string =>
  message.includes('call stack') ? 'nested too deep' : shorten(message.split('\n', 1)[0] ?? '');

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', {fatal: true}).decode(bytes);
  } catch (cause) {
    throw yamlInvalid('not UTF-8', undefined, cause);
  }
};
