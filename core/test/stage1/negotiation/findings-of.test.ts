import test from 'ava';
import type {Finding, Flavor} from '../../../src/contract/index.ts';
import {findingsOf} from '../../../src/stage1/negotiation/findings-of.ts';
import {declaration, hostFacts} from '../../support/fixtures.ts';

const flavor = (probe: () => Finding[]) =>
  ({
    declaration: declaration({
      programs: ['bwrap'],
      verbs: {...declaration().verbs, run: {level: 'enforced', mechanism: 'm', requires: ['program/bwrap']}},
    }),
    probe,
  }) as unknown as Flavor; // no more is looked at
const note: Finding = {severity: 'note', what: 'x'};

test('what the promise to run requires is missing like what the probe finds', (t) => {
  t.deepEqual(
    findingsOf(
      flavor(() => [note]),
      hostFacts({programs: {bwrap: null}}),
    ),
    [note, {severity: 'missing', what: 'bwrap is not installed'}],
  );
  const there = hostFacts({programs: {bwrap: {path: '/usr/bin/bwrap' as never, version: '0.8'}}});
  t.deepEqual(
    findingsOf(
      flavor(() => [note]),
      there,
    ),
    [note],
  );
});

test('a probe that throws is a fault of the flavor', (t) => {
  const boom = () => {
    throw new TypeError('boom');
  };
  t.throws(() => findingsOf(flavor(boom), hostFacts()), {
    code: 'RKT_FLAVOR_FAILED',
    message: /probe\(\) failed: boom/,
  } as never);
});

test('an ordinary user whose flavor needs root is told of that alone, and what helps', (t) => {
  const needsRoot = {
    declaration: declaration({
      verbs: {...declaration().verbs, run: {level: 'enforced', mechanism: 'm', requires: ['program/bwrap', 'root']}},
    }),
    probe: () => [{severity: 'missing', what: 'no cgroup2 is mounted'}],
  } as unknown as Flavor; // no more is looked at
  const rootless = {users: 65_537, groups: 65_537, changesGroups: true};
  const [finding, ...more] = findingsOf(needsRoot, hostFacts({rootless}));
  t.deepEqual(more, []);
  t.regex(finding?.what ?? '', /needs root/);
  t.regex(finding?.fix ?? '', /as root of the host, or .*--stage1=fly/);
  t.is(findingsOf(needsRoot, hostFacts()).length, 2);
});
