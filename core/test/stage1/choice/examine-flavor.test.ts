import test from 'ava';
import type {HostFacts} from '../../../src/contract/host.ts';
import {examineFlavor} from '../../../src/stage1/choice/examine-flavor.ts';
import * as fixtures from '../../support/fixtures.ts';

const declaration = fixtures.declaration({
  isolators: {
    ...fixtures.declaration().isolators,
    'resource/memory': {level: 'enforced', mechanism: 'm', requires: ['cgroup/memory', 'capability/CAP_SYS_RESOURCE']},
    'resource/cpu': {level: 'enforced', mechanism: 'm', requires: ['cgroup/cpu']},
    'os/unix/sysctl': {level: 'impossible', consequence: 'shared'},
  },
});
const host = fixtures.hostFacts({
  capabilities: [],
  cgroup: {...fixtures.hostFacts().cgroup, controllers: ['cpu']},
});
const verdict = (name: string) =>
  examineFlavor(declaration, [], host).verdicts.find((candidate) => candidate.name === name);

test('a promise whose requirements are met holds', (t) => {
  t.deepEqual(verdict('resource/cpu'), {
    kind: 'isolator',
    name: 'resource/cpu',
    declared: 'enforced',
    here: 'enforced',
  });
});

test('a promise is impossible where the host lacks what it needs, with every reason', (t) => {
  t.like(verdict('resource/memory'), {declared: 'enforced', here: 'impossible'});
  t.regex(verdict('resource/memory')?.because ?? '', /memory.*; .*CAP_SYS_RESOURCE/);
});

test('an ordinary user is told of having no cgroups, not that the host lacks a controller', (t) => {
  const rootless = {users: 65_537, groups: 65_537, changesGroups: true};
  const because = (cgroup: HostFacts['cgroup']) =>
    examineFlavor(declaration, [], fixtures.hostFacts({rootless, cgroup})).verdicts.find(
      ({name}) => name === 'resource/cpu',
    )?.because ?? '';
  t.regex(because({mode: 'none', hierarchies: [], controllers: [], parent: '/'}), /ordinary user has no cgroups/);
  // Those of a container that root of its user namespace has.
  t.regex(because({...fixtures.hostFacts().cgroup, controllers: []}), /no usable cpu cgroup controller/);
});

test('what takes root of the host, or ids for others than root, is impossible for an ordinary user without', (t) => {
  const {features} = fixtures.declaration();
  const needs = fixtures.declaration({
    features: {
      ...features,
      user: {level: 'enforced', mechanism: 'm', requires: ['ids']},
      'volume/shared': {level: 'enforced', mechanism: 'm', requires: ['root']},
    },
  });
  const here = (rootless?: HostFacts['rootless']) =>
    ['user', 'volume/shared'].map(
      (name) =>
        examineFlavor(needs, [], fixtures.hostFacts(rootless && {rootless})).verdicts.find((each) => each.name === name)
          ?.here,
    );
  t.deepEqual(here(), ['enforced', 'enforced']);
  t.deepEqual(here({users: 65_536, groups: 65_536, changesGroups: true}), ['enforced', 'impossible']);
  t.deepEqual(here({users: 1, groups: 1, changesGroups: false}), ['impossible', 'impossible']);
});

test('what a flavor never can stays so, with its reason', (t) => {
  t.like(verdict('os/unix/sysctl'), {declared: 'impossible', here: 'impossible', because: 'shared'});
});

test('a flavor is usable unless something is missing', (t) => {
  t.true(examineFlavor(declaration, [{severity: 'degraded', what: 'x'}], host).usable);
  t.false(examineFlavor(declaration, [{severity: 'missing', what: 'x'}], host).usable);
});
