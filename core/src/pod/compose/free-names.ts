import type {VolumeName} from '../../contract/names.ts';

/** Bytes of a name (appc TY-01), and those that are left beside a number. */
const MAX_NAME = 64;
const STEM = 58;

/** Gives each who asks a name that is not taken: the wanted one, cut if it is too long, or it with a number. No number is tried twice. */
export const freeNames = (taken: Iterable<string>): ((wanted: string) => VolumeName) => {
  const names = new Set(taken);
  const next = new Map<string, number>();
  const free = (wanted: string): string => {
    const whole = cut(wanted, MAX_NAME);
    if (!names.has(whole)) return whole;
    const stem = cut(wanted, STEM);
    let number = next.get(stem) ?? 1;
    while (names.has(`${stem}-${number}`)) number++;
    next.set(stem, number + 1);
    return `${stem}-${number}`;
  };
  return (wanted) => {
    const name = free(wanted);
    names.add(name);
    return name as VolumeName; // an AC Name, its beginning, or that with a number behind it is one
  };
};

const cut = (name: string, length: number): string => name.slice(0, length).replace(/-$/, '');
