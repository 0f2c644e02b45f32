import type {ErrorSource} from './error-codes.ts';

/** A section for each code. `rkt help RKT_CODE` prints one. */
export const errorPages = (sources: readonly ErrorSource[]): string => {
  const codes = [...new Set(sources.map(({code}) => code))].sort();
  return [
    '# Errors',
    [
      'What rkt cannot do it says in a sentence, with a hint and a code on standard error; with `--format=json` as one object, with the fields below. A code stays what it is; sentences may change.',
      '`rkt help CODE` prints a section of this file, which `npm run docs` writes from the catalogues of errors: change those, not this. `‹name›` is a value, `…` what depends on more than one.',
    ].join('\n'),
    ...codes.map((code) =>
      page(
        code,
        sources.filter((source) => source.code === code),
      ),
    ),
  ]
    .join('\n\n')
    .concat('\n');
};

const page = (code: string, sources: readonly ErrorSource[]): string => {
  const all = (of: (source: ErrorSource) => readonly string[]): string[] => [...new Set(sources.flatMap(of))];
  const meaning = all((source) => (source.meaning === '' ? [] : [source.meaning]));
  const [says, hints, fields] = [all(({says}) => says), all(({hints}) => hints), all(({fields}) => fields)];
  const exits = all(({exitCode = '254'}) => [exitCode]);
  return [
    `## ${code}`,
    ...(meaning.length === 0 ? [] : ['', meaning.join(' ')]),
    '',
    ...list('says', says, (text) => `\`${oneLine(text)}\``),
    ...list('what to do', hints, oneLine),
    ...(fields.length === 0 ? [] : [`- fields: ${fields.map((name) => `\`${name}\``).join(', ')}`]),
    `- exit code: ${exits.join(', ')}`,
  ].join('\n');
};

const list = (title: string, texts: readonly string[], write: (text: string) => string): string[] =>
  texts.length === 0 ? [] : [`- ${title}: ${texts.map(write).join('; or ')}`];

/** Backquotes of a sentence would end the code that it stands in. */
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('`', '"').trim();
