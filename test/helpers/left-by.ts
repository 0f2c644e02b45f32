import {difference, type Scope, type Snapshot, settledDifference, snapshot} from './snapshot.ts';

/** What a collection leaves; it is made again if a pod that was still on its way out has kept the first one from it. */
export const leftBy = async (
  collect: () => Promise<void>,
  before: Snapshot,
  scope: Scope,
): Promise<ReturnType<typeof difference>> => {
  await collect();
  if (Object.keys(difference(before, snapshot(scope))).length === 0) return {};
  await collect();
  return settledDifference(before, scope);
};
