/** Those that take longest start first, lest one runs alone at the end. */
const SLOW =
  /\/test\/(fault|load|tour|packaging|conformance\/(filesystem|isolators|security)|nspawn\/(journal|isolators))/;

/** Compares paths of test files. */
export const slowFirst = (a: string, b: string): number =>
  Number(SLOW.test(b)) - Number(SLOW.test(a)) || (a < b ? -1 : Number(a > b));
