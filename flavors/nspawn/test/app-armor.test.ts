import test from 'ava';
import type {HostFacts, Pod} from '../../../core/src/contract/index.ts';
import {hostFacts, pod} from '../../../core/test/support/fixtures.ts';
import {appliesProfiles} from '../src/app-armor.ts';

const having = (nspawn: object): HostFacts =>
  hostFacts({programs: {'systemd-nspawn': {path: '/usr/bin/systemd-nspawn', version: '252.39', ...nspawn}}} as never);
const ofImage = pod({stage1: {tree: '/tree'}} as Partial<Pod>);

test('EX-47 profiles are refused where it is not known that systemd starts nothing without them', (t) => {
  t.true(appliesProfiles(pod(), having({})));
  t.true(appliesProfiles(ofImage, having({through: {loader: '/tree/lib/ld.so', arguments: []}})));
  // The features that are known are those of the host's.
  t.false(appliesProfiles(ofImage, having({})));
  for (const version of ['258', '259.1', '']) t.false(appliesProfiles(pod(), having({version})), version);
});
