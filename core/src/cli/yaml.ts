import {Document, visit} from 'yaml';

const HOSTILE = /[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]--\n]/gv;

/** YAML of a value; control and invisible characters as YAML's own escapes, so that the value stays what it was (S26). */
export const toYaml = (value: unknown): string => {
  const document = new Document(value);
  visit(document, {
    Scalar: (_, node) => {
      if (typeof node.value === 'string' && node.value.search(HOSTILE) !== -1) node.type = 'QUOTE_DOUBLE';
    },
  });
  return document.toString({lineWidth: 0}).replace(HOSTILE, escapeCodePoint);
};

const escapeCodePoint = (character: string): string =>
  `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;
