import type {Violation} from './rules.ts';

const FACTORY = /^export const (\w+)/gm;
const CODE = /'(RKT_[A-Z0-9_]+)'/;

/** The factories of a catalogue of errors, each with its code, in the order in which they stand. */
const factoriesOf = (source: string): {name: string; code: string; line: number}[] => {
  const starts = [...source.matchAll(FACTORY)];
  return starts.flatMap(({index, 1: name = ''}, at) => {
    const code = CODE.exec(source.slice(index, starts[at + 1]?.index))?.[1];
    return code === undefined ? [] : [{name, code, line: source.slice(0, index).split('\n').length}];
  });
};

/** To be compared word by word: RKT_LOG_LOST comes before RKT_LOGS. */
const words = (code: string): string => code.replaceAll('_', ' ');

/** What is wrong with the order of an `errors.ts`: its factories stand by their codes, alphabetically, and a code is of one of them. */
export const checkCatalogue = (file: string, source: string): Violation[] => {
  if (!/(^|\/)src\/(.*\/)?errors\.ts$/.test(file)) return [];
  const factories = factoriesOf(source);
  return factories.flatMap(({name, code, line}, at): Violation[] => {
    const before = factories[at - 1];
    if (before === undefined || words(before.code) < words(code)) return [];
    const what = before.code === code ? `has the code of ${before.name}` : `${code} belongs before ${before.code}`;
    return [{file, line, what: `${name}: ${what}`, rule: 'errors-by-code'}];
  });
};
