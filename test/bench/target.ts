/** One number that is to be reached, with what was measured. */
export interface Target {
  readonly what: string;
  readonly measured: number;
  readonly relation: '≤' | '≥';
  readonly goal: number;
  readonly unit: string;
}

export const atMost = (what: string, measured: number, goal: number, unit = '×'): Target => ({
  what,
  measured,
  relation: '≤',
  goal,
  unit,
});
export const atLeast = (what: string, measured: number, goal: number, unit: string): Target => ({
  what,
  measured,
  relation: '≥',
  goal,
  unit,
});

/** `undefined` when it could not be measured here. */
export const isMet = ({measured, relation, goal}: Target): boolean | undefined =>
  Number.isFinite(measured) ? (relation === '≤' ? measured <= goal : measured >= goal) : undefined;
