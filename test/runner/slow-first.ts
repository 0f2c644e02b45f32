/** Those that take longest start first, lest one runs alone at the end. */
const SLOW =
  /\/test\/(fault|kvm|monitor|security|service\/host|kit\/|load|tour|packaging|pod\/life|cli\/examples|conformance\/(access|filesystem|isolators|kit|security)|nspawn\/(journal|isolators))/;

/** Compares paths of test files. */
export const slowFirst = (a: string, b: string): number =>
  Number(SLOW.test(b)) - Number(SLOW.test(a)) || (a < b ? -1 : Number(a > b));
