/** A row of a table that says what rkt does, and the tests that its last column names. */
export interface Claim {
  readonly line: number;
  /** The first cell of the row. */
  readonly what: string;
  readonly proofs: readonly Proof[];
}

/** `case`: of the kit, by its ID. `test`: one of a file, by its whole title or by the number that it begins with. */
export type Proof =
  | {readonly kind: 'case'; readonly id: string}
  | {readonly kind: 'test'; readonly file: string; readonly title: string; readonly whole: boolean};

/** What there is to name. */
export interface Known {
  readonly cases: ReadonlySet<string>;
  /** Titles of a test file's tests, or nothing where there is no such file. */
  readonly titles: (file: string) => readonly string[] | undefined;
}

/** The heading of the column that names tests. */
const PROVED_BY = 'proved by';

const cellsOf = (line: string): string[] =>
  line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((cell) => cell.trim());

/** The tests of this file are the cases of the kit: who names it names all that a flavor declares. */
const KIT = 'test/conformance/kit.test.ts';

const LINK = /\[([^\]]+)\]\(([^\s)]+)(?:\s+"([^"]*)")?\)/g;
const CODE = /`([^`]+)`/g;

/** `` `S28/watcher` `` is a case of the kit, `[S11](FILE)` tests of a file by their number, `[words](FILE "TITLE")` one test. The file of the kit stands for all of its cases. */
const proofsOf = (cell: string): Proof[] => [
  ...[...cell.matchAll(LINK)].map(
    ([, text = '', file = '', title]): Proof => ({
      kind: 'test',
      file,
      title: title ?? text,
      whole: title !== undefined,
    }),
  ),
  ...[...cell.replaceAll(LINK, '').matchAll(CODE)].map(([, id = '']): Proof => ({kind: 'case', id})),
];

/** Tables of a section of Markdown: line of the header, its cells, and the rows. */
const tablesOf = (markdown: string): {line: number; header: string[]; rows: {line: number; cells: string[]}[]}[] => {
  const lines = markdown.split('\n');
  return lines.flatMap((text, index) => {
    if (!text.startsWith('|') || !/^\|[\s|:-]+\|$/.test(lines[index + 1] ?? '')) return [];
    const after = lines.slice(index + 2);
    const end = after.findIndex((row) => !row.startsWith('|'));
    const rows = (end < 0 ? after : after.slice(0, end)).map((row, at) => ({
      line: index + at + 3,
      cells: cellsOf(row),
    }));
    return [{line: index + 1, header: cellsOf(text), rows}];
  });
};

/** The claims of every table of a text: tables without a column of tests have claims without any. */
export const claimsOf = (markdown: string): Claim[] =>
  tablesOf(markdown).flatMap(({header, rows}) =>
    rows.map(({line, cells}) => ({
      line,
      what: cells[0] ?? '',
      proofs: header.at(-1) === PROVED_BY && cells.length === header.length ? proofsOf(cells.at(-1) ?? '') : [],
    })),
  );

const NUMBERED = /^(?:[A-Z]{1,2}-?\d+ )*/;

/** Whether a title is under a number: `S24` of `S24 S28 root looks …`. */
const hasNumber = (title: string, number: string): boolean =>
  (NUMBERED.exec(title)?.[0] ?? '').split(' ').includes(number);

const fault = (proof: Proof, {cases, titles}: Known): string | undefined => {
  if (proof.kind === 'case') return cases.has(proof.id) ? undefined : `the kit has no case ${proof.id}`;
  const {file, title, whole} = proof;
  const there = titles(file);
  if (there === undefined) return `there is no test file ${file}`;
  if (file === KIT) return undefined;
  const found = whole ? there.includes(title) : there.some((one) => hasNumber(one, title));
  return found ? undefined : `${file} has no test "${title}"`;
};

/** What is wrong with claims, each with its line: no test, or one that is not there. */
export const unproved = (claims: readonly Claim[], known: Known): string[] =>
  claims.flatMap(({line, what, proofs}) => {
    const faults = proofs.length === 0 ? ['it names no test'] : proofs.flatMap((proof) => fault(proof, known) ?? []);
    return faults.map((because) => `${line} "${what}": ${because}`);
  });

/** A string, and after it the function of a test. */
const TITLE =
  /\b\w+(?:\.serial)?(?:\([^()\n]*(?:\([^()]*\))?[^()\n]*\))?\(\s*(?:'((?:[^'\\\n]|\\.)*)'|"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`),\s*(?:async )?\((?:t\b|\)|_)/g;

/** Titles of the tests of a source, templates as they stand there. */
export const titlesIn = (source: string): string[] =>
  [...source.matchAll(TITLE)].map(([, single, double, template]) => single ?? double ?? template ?? '');

/** What stands below a heading, up to the next one of its level or above, with empty lines in the place of all else. */
export const sectionOf = (markdown: string, heading: string): string => {
  const lines = markdown.split('\n');
  const start = lines.indexOf(heading);
  if (start < 0) return '';
  const level = heading.indexOf(' ');
  const end = lines.findIndex((line, index) => index > start && /^#+ /.test(line) && line.indexOf(' ') <= level);
  return lines.map((line, index) => (index > start && (end < 0 || index < end) ? line : '')).join('\n');
};
