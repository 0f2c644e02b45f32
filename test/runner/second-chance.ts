import type {Group} from './groups.ts';
import type {Result} from './result.ts';

const isFailed = ({outcome}: Result) => outcome === 'failed';

/**
 * Runs the files of a group in which something failed once more, one after the other.
 * @returns what holds in the end, and the failures that did not come back, with what was wrong with them
 */
export const secondChance = async (
  group: Group,
  first: readonly Result[],
  run: (group: Group) => Promise<Result[]>,
): Promise<{results: readonly Result[]; unstable: readonly Result[]}> => {
  const failures = first.filter(isFailed);
  const broken = new Set(failures.map(({file}) => file));
  const files = group.files.filter((file) => broken.has(file));
  // What belongs to no file cannot be tried again.
  if (files.length !== broken.size || files.length === 0) return {results: first, unstable: []};
  const second = await run({...group, name: `${group.name} (once more)`, files, concurrency: 1});
  const twice = new Set(second.filter(isFailed).map(({title}) => title));
  return {
    results: [...first.filter(({file}) => !broken.has(file)), ...second],
    unstable: failures.filter(({title}) => !twice.has(title)),
  };
};
