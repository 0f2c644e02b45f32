/** The candidates that a mistyped word was probably meant to be, best first; empty when nothing is near. */
export const suggest = (word: string, candidates: readonly string[]): string[] => {
  // Longer words are no slip of the finger, and the distance is quadratic.
  if (word.length > 64) return [];
  const limit = Math.max(1, Math.floor(word.length / 3));
  return candidates
    .map((candidate) => ({candidate, distance: distance(word, candidate)}))
    .filter(({candidate, distance}) => distance <= limit || (word.length > 2 && candidate.startsWith(word)))
    .sort((a, b) => a.distance - b.distance || a.candidate.localeCompare(b.candidate, 'en'))
    .slice(0, 3)
    .map(({candidate}) => candidate);
};

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment). */
const distance = (a: string, b: string): number => {
  let beforeLast: number[] = [];
  let last = Array.from({length: b.length + 1}, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          (last[j] ?? 0) + 1,
          (row[j - 1] ?? 0) + 1,
          (last[j - 1] ?? 0) + (same ? 0 : 1),
          swapped ? (beforeLast[j - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [beforeLast, last] = [last, row];
  }
  return last[b.length] ?? 0;
};
