import test from 'ava';
import {describeStep} from '../../src/cli/describe-step.ts';
import type {PodPath, SeccompFilter} from '../../src/contract/index.ts';
import {hostFacts} from '../support/fixtures.ts';

test('no cgroup is told of where there are none', (t) => {
  const step = {id: 'cgroup', do: 'cgroup', path: 'rkt-1', limits: {pidsMax: 5}, join: true} as const;
  t.is(describeStep(step, hostFacts()), 'cgroup rkt-1 pidsMax=5, joined');
  const none = hostFacts({cgroup: {mode: 'none', hierarchies: [], controllers: [], parent: '/'}});
  t.notRegex(describeStep(step, none), /rkt-1|joined/);
});

test('a file is told of with the filters that come into it', (t) => {
  const target = {in: 'pod', path: 'x' as PodPath} as const;
  const step = {id: 'x', do: 'write', target, content: '\0\0', mode: 0o644, uid: 0, gid: 0} as const;
  const filter = {default: {action: 'kill'}, rules: []} satisfies SeccompFilter;
  t.is(describeStep(step, hostFacts()), 'write <pod>/x 0644 0:0, 2 bytes');
  t.is(
    describeStep({...step, filters: [filter, filter]}, hostFacts()),
    'write <pod>/x 0644 0:0, 2 bytes, and 2 compiled filters',
  );
});
