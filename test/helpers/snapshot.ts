import {difference, type Scope, type Snapshot, snapshot} from '../../plugin-sdk/src/kit/left-behind.ts';
import {until} from './until.ts';

export {difference, processesIn, type Scope, type Snapshot, snapshot} from '../../plugin-sdk/src/kit/left-behind.ts';

/** The difference once it has settled: what is only passing has some time to go. */
export const settledDifference = async (before: Snapshot, scope: Scope, milliseconds?: number) => {
  let found = difference(before, snapshot(scope));
  await until(() => {
    found = difference(before, snapshot(scope));
    return Object.keys(found).length === 0;
  }, milliseconds).catch(() => {});
  return found;
};
