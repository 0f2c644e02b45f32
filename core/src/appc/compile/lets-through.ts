import type {SeccompFilter} from '../../contract/process.ts';

/** Arguments with which a call is allowed, one text for each alternative; `undefined`: with any. */
type Alternatives = ReadonlySet<string> | undefined;

/** The system calls that a filter lets through and another one does not, or only with some arguments; none: it is at least as narrow. */
export const letsThrough = (filter: SeccompFilter | null, than: SeccompFilter | null): string[] => {
  if (than === null || than.default.action === 'allow') return [];
  if (filter === null) return ['every system call'];
  if (filter.default.action === 'allow') return ['every system call that it does not list'];
  const others = allowed(than);
  return [...allowed(filter)]
    .filter(([name, alternatives]) => !others.has(name) || !isWithin(alternatives, others.get(name)))
    .map(([name]) => name);
};

const isWithin = (alternatives: Alternatives, others: Alternatives): boolean =>
  others === undefined ||
  (alternatives !== undefined && [...alternatives].every((alternative) => others.has(alternative)));

/** The first rule of a call that has no conditions decides; before it, each that has some may allow it. */
const allowed = ({rules}: SeccompFilter): ReadonlyMap<string, Alternatives> => {
  const decided = new Set<string>();
  const calls = new Map<string, Alternatives>();
  for (const {syscalls, outcome, args = []} of rules) {
    for (const name of syscalls) {
      if (decided.has(name)) continue;
      if (args.length === 0) decided.add(name);
      if (outcome.action !== 'allow') continue;
      calls.set(name, args.length === 0 ? undefined : new Set([...(calls.get(name) ?? []), JSON.stringify(args)]));
    }
  }
  return calls;
};
