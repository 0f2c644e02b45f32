import test from 'ava';
import type {Finding, Flavor} from '../../../src/contract/index.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {defaultFlavor} from '../../../src/stage1/choice/default-flavor.ts';
import {flavorNotFound, programTimedOut} from '../../../src/stage1/errors.ts';
import {declaration, hostFacts} from '../../support/fixtures.ts';

const missing: Finding = {severity: 'missing', what: 'systemd 249 is too old'};
const flavorThat = (probe: Flavor['probe']) => ({
  flavor: {declaration: declaration(), probe} as unknown as Flavor, // no more is looked at
  digest: '',
  source: '',
});

const choose = async (flavors: Readonly<Record<string, Flavor['probe']>>, gather = () => hostFacts()) => {
  const notes: string[] = [];
  const found = await defaultFlavor({
    names: ['nspawn', 'fly'],
    find: async (name) => {
      const probe = flavors[name];
      if (probe === undefined) throw flavorNotFound(name, []);
      return flavorThat(probe);
    },
    gather,
    note: (text) => notes.push(text),
  });
  return {is: Object.keys(flavors).find((name) => flavors[name] === found.flavor.probe), notes};
};

const nspawn = () => [];
const fly = () => [];

test('S31 the strongest default is taken without a word', async (t) => {
  t.deepEqual(await choose({nspawn, fly}), {is: 'nspawn', notes: []});
});

test('S31 whoever gets a weaker flavor because the host lacks something is told what', async (t) => {
  const {is, notes} = await choose({nspawn: () => [missing], fly});
  t.is(is, 'fly');
  t.is(notes.length, 1);
  t.true(notes[0]?.includes(missing.what));
});

test('an ordinary user, who has no other flavor, is not told of it with each pod', async (t) => {
  const rootless = {users: 65_537, groups: 65_537, changesGroups: true};
  const lacking = {nspawn: () => [missing], fly};
  t.deepEqual(await choose(lacking, () => hostFacts({rootless})), {is: 'fly', notes: []});
});

test('S31 whoever gets a weaker flavor because the other is not installed is told so', async (t) => {
  const {is, notes} = await choose({fly});
  t.is(is, 'fly');
  t.is(notes.length, 1);
});

test('S31 a program that does not answer is an error, not a reason for a weaker flavor', async (t) => {
  const slow = () => {
    throw programTimedOut('/usr/bin/systemd-nspawn', 30_000);
  };
  const error = await t.throwsAsync(choose({nspawn, fly}, slow), {instanceOf: RktError});
  t.is(error.code, 'RKT_PROGRAM_TIMED_OUT');
});
