import type {ErrorSource} from './error-codes.ts';

/** A section for each code. `rkt help RKT_CODE` prints one. */
export const errorPages = (sources: readonly ErrorSource[]): string => {
  const codes = [...new Set(sources.map(({code}) => code))].sort();
  return [
    '# Errors',
    [
      'When rkt cannot do something it writes a sentence, a hint and a code to standard error; with `--format=json` one object that has the fields below, too. Codes do not change; sentences may.',
      '`rkt help CODE` prints a section of this file, which `npm run docs` writes from the catalogues of errors: change those, not this. `‹name›` stands for a value, `…` for a part that varies.',
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
    ...list('message', says, (text) => `\`${oneLine(text)}\``),
    ...list('what to do', hints, oneLine),
    ...(fields.length === 0 ? [] : [`- fields: ${fields.map((name) => `\`${name}\``).join(', ')}`]),
    `- exit code: ${exits.join(', ')}`,
  ].join('\n');
};

const list = (title: string, texts: readonly string[], write: (text: string) => string): string[] =>
  texts.length === 0 ? [] : [`- ${title}: ${texts.map(write).join('; or ')}`];

/** Backquotes of a sentence would end the code that it stands in. */
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').replaceAll('`', '"').trim();
