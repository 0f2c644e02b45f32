import {escapeText} from './escape-text.ts';

const TAB = 8;

/**
 * Columns as Go's tabwriter makes them for rkt (tab width 8, padding 1): each cell but the last of a row is filled up with tabs.
 * Cells are escaped.
 */
export const table = (rows: readonly (readonly string[])[]): string => {
  const cells = rows.map((row) => row.map(toCell));
  const widths: number[] = [];
  for (const row of cells) {
    for (const [column, {width}] of row.slice(0, -1).entries()) {
      widths[column] = Math.max(widths[column] ?? 0, Math.ceil((width + 1) / TAB) * TAB);
    }
  }
  const line = (row: (typeof cells)[number]): string =>
    row
      .map(({text, width}, column) =>
        column === row.length - 1 ? text : text + '\t'.repeat(Math.ceil(((widths[column] ?? 0) - width) / TAB)),
      )
      .join('');
  return cells.map((row) => `${line(row)}\n`).join('');
};

const ASCII = /^[ -~]*$/;

const toCell = (cell: string): {text: string; width: number} => {
  const text = escapeText(cell);
  // Code points; the usual cell has nothing else than letters.
  return {text, width: ASCII.test(text) ? text.length : [...text].length};
};
