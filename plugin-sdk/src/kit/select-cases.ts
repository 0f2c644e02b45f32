import type {Case} from './case.ts';
import {table} from './table.ts';

export interface Selection {
  /** Only cases with these IDs, or below them: `EX-48` has all of `EX-48/…`; `*` is anything. */
  readonly ids?: readonly string[];
  /** Only cases whose ID or title fits; `*` is anything. */
  readonly match?: string;
}

/** A case or pattern that fits nothing. */
export class NoSuchCase extends Error {
  override readonly name = 'NoSuchCase';
  readonly asked: string;

  constructor(asked: string) {
    super(`no case fits "${asked}"`);
    this.asked = asked;
  }
}

/** @throws NoSuchCase */
export const selectCases = ({ids, match}: Selection = {}, cases: readonly Case[] = table): readonly Case[] => {
  const belongs = (id: string, asked: string) => fitter(asked)(id) || id.startsWith(`${asked}/`);
  for (const asked of ids ?? []) if (!cases.some(({id}) => belongs(id, asked))) throw new NoSuchCase(asked);
  const fits = match === undefined ? () => true : fitter(match);
  const chosen = cases.filter(
    ({id, title}) => (ids === undefined || ids.some((asked) => belongs(id, asked))) && (fits(id) || fits(title)),
  );
  if (chosen.length === 0) throw new NoSuchCase(match ?? '');
  return chosen;
};

/** Anchored at both ends; the parts between stars come one after the other. */
const fitter = (pattern: string): ((text: string) => boolean) => {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  return (text) => {
    if (last === undefined) return text === first;
    if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
    let at = first.length;
    return rest.every((part) => {
      const found = text.indexOf(part, at);
      at = found + part.length;
      return found >= 0 && at <= text.length - last.length;
    });
  };
};
