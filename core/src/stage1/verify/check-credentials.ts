import type {Evidence, NamedFinding} from './evidence.ts';

const octal = (mask: number): string => mask.toString(8).padStart(4, '0');
const list = (ids: readonly number[]): string => ids.join(' ') || 'none';

/** User, groups and umask. */
export const checkCredentials = ({pod, app, state}: Evidence): NamedFinding[] => {
  const base = pod.idMap?.base ?? 0;
  const [uid, gid] = [base + app.process.uid, base + app.process.gid];
  const isPromised = state.uids.every((actual) => actual === uid) && state.gids.every((actual) => actual === gid);
  // Root may become anybody; nobody becomes root, nor another user without having been root.
  const holds = isPromised || (app.process.uid === 0 && state.uids.every((actual) => actual >= base));
  const user = {
    name: 'user',
    expected: `uid ${uid}, gid ${gid}`,
    actual: `uid ${state.uids[1]}, gid ${state.gids[1]}`,
    holds,
  };
  // Root that has become somebody has the groups of that user.
  return isPromised
    ? [user, checkGroups(app.process.groups, base, gid, state.groups), umask(app, state)]
    : [user, umask(app, state)];
};

const checkGroups = (
  promised: readonly number[],
  base: number,
  gid: number,
  actual: readonly number[],
): NamedFinding => {
  const wanted = promised.map((group) => base + group);
  return {
    name: 'groups',
    expected: `groups ${list(wanted)}`,
    actual: `groups ${list(actual)}`,
    // The primary one may be among them.
    holds:
      actual.every((group) => group === gid || wanted.includes(group)) &&
      wanted.every((group) => actual.includes(group)),
  };
};

/** A stricter one is the app's own choice. */
const umask = ({process}: Evidence['app'], state: Evidence['state']): NamedFinding => ({
  name: 'umask',
  expected: `at least ${octal(process.umask)}`,
  actual: octal(state.umask),
  holds: (state.umask & process.umask) === process.umask,
});
