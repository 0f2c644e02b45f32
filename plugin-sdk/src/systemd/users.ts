import type {App} from '@rkt/core/contract';
import {idRefused} from './errors.ts';
import type {Setting, UnitFile} from './unit.ts';

/** systemd takes this for an unset id of 16 bits. */
const INVALID = 0xffff;

const checked = (app: App, id: number): number => {
  if (id === INVALID) throw idRefused(app.name, id);
  return id;
};

/** Who the app runs as, by number: names are of the image, and systemd would look for them in the pod. */
export const userSettings = (app: App): Setting[] => {
  const {uid, gid, groups} = app.process;
  return [
    ['User', `${checked(app, uid)}`],
    ['Group', `${checked(app, gid)}`],
    ...(groups.length > 0 ? [['SupplementaryGroups', groups.map((id) => checked(app, id)).join(' ')] as const] : []),
  ];
};

const ascending = (ids: Iterable<number>): number[] => [...new Set(ids)].sort((a, b) => a - b);

/** systemd looks up even numbers: every one that an app has gets an entry. */
export const userFiles = (apps: readonly App[]): UnitFile[] => {
  const uids = ascending([0, ...apps.map(({process}) => process.uid)]);
  const gids = ascending([0, ...apps.flatMap(({process}) => [process.gid, ...process.groups])]);
  const userName = (uid: number) => (uid === 0 ? 'root' : `u${uid}`);
  const groupName = (gid: number) => (gid === 0 ? 'root' : `g${gid}`);
  return [
    {
      path: 'passwd',
      content: uids.map((uid) => `${userName(uid)}:x:${uid}:${uid === 0 ? 0 : 65_534}::/:/bin/sh\n`).join(''),
      mode: 0o644,
    },
    {path: 'group', content: gids.map((gid) => `${groupName(gid)}:x:${gid}:\n`).join(''), mode: 0o644},
  ];
};
