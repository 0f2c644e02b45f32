import test from 'ava';
import type {HostFacts, Plan, Pod} from '../../../src/contract/index.ts';
import {checkIpc} from '../../../src/stage1/negotiation/check-ipc.ts';
import {declaration, hostFacts} from '../../support/fixtures.ts';

const user = hostFacts({rootless: {users: 1, groups: 1, changesGroups: false}});
const check = (unshare: readonly string[], ipc: Pod['ipc'], host: HostFacts, its = declaration()) =>
  checkIpc(
    its,
    {
      filesystem: [{id: 'namespace', do: 'namespace', unshare}],
      environment: [],
      launch: {into: 'rootfs'},
    } as unknown as Plan,
    {ipc},
    host,
  );

test('a pod of an ordinary user has an ipc namespace, where its flavor says that it can give one', (t) => {
  t.throws(() => check(['mount'], 'auto', user), {code: 'RKT_FLAVOR_PLAN_INVALID'});
  t.notThrows(() => check(['mount', 'ipc'], 'auto', user));
  t.notThrows(() => check(['mount'], 'host', user));
  t.notThrows(() => check(['mount'], 'auto', hostFacts()));
  const {features} = declaration();
  const has = (support: (typeof features)['ipc/private']) =>
    declaration({features: {...features, 'ipc/private': support}});
  t.notThrows(() => check(['mount'], 'auto', user, has({level: 'impossible', consequence: 'it is so'})));
  const ofRoot = has({level: 'enforced', mechanism: 'test', requires: ['root']});
  t.notThrows(() => check(['mount'], 'auto', user, ofRoot));
});
