import {stdout} from 'node:process';

/** Prints aligned columns; numbers to the right. */
export const printTable = (header: readonly string[], rows: readonly (readonly string[])[]): void => {
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  for (const row of all) {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return /^[\d.–-]/.test(cell) && column > 0 ? cell.padStart(width) : cell.padEnd(width);
    });
    stdout.write(`${cells.join('  ').trimEnd()}\n`);
  }
  stdout.write('\n');
};

export const say = (line = ''): void => {
  stdout.write(`${line}\n`);
};

export const ms = (value: number): string => (Number.isFinite(value) ? value.toFixed(1) : '-');
export const ratio = (value: number): string => (Number.isFinite(value) ? value.toFixed(2) : '-');
export const mib = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(1));
