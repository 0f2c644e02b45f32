import test from 'ava';
import type {HostPath} from '../../../src/contract/index.ts';
import type {RunRequest} from '../../../src/pod/request.ts';
import {isDefaultRun} from '../../../src/pod/verbs/is-default-run.ts';

const NOTHING: RunRequest = {
  interactive: false,
  ...{dns: [], dnsSearch: [], dnsOpt: [], hostsEntries: []},
  ipc: 'auto',
  mdsRegister: false,
  noTemplate: false,
};

/** Anything that makes another pod. */
const ASKED: Required<Omit<RunRequest, 'uuidFileSave'>> = {
  net: 'none',
  preparedNetwork: {namespace: '/run/netns/a' as HostPath, interfaces: []},
  interactive: true,
  ...{dns: ['host'], dnsSearch: ['a'], dnsOpt: ['a'], hostsEntries: ['host']},
  dnsDomain: 'a',
  hostname: 'a',
  ipc: 'private',
  mdsRegister: true,
  noTemplate: true,
};

test('whatever is asked for when a prepared pod runs, it is planned anew: nothing is dropped without a word', (t) => {
  t.true(isDefaultRun(NOTHING));
  t.true(isDefaultRun({...NOTHING, uuidFileSave: '/run/uuid' as HostPath}));
  const unseen = Object.entries(ASKED).filter(([key, value]) => isDefaultRun({...NOTHING, [key]: value}));
  t.deepEqual(unseen, []);
});
