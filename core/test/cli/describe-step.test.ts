import test from 'ava';
import {describeStep} from '../../src/cli/describe-step.ts';
import {hostFacts} from '../support/fixtures.ts';

test('no cgroup is told of where there are none', (t) => {
  const step = {id: 'cgroup', do: 'cgroup', path: 'rkt-1', limits: {pidsMax: 5}, join: true} as const;
  t.is(describeStep(step, hostFacts()), 'cgroup rkt-1 pidsMax=5, joined');
  const none = hostFacts({cgroup: {mode: 'none', hierarchies: [], controllers: [], parent: '/'}});
  t.notRegex(describeStep(step, none), /rkt-1|joined/);
});
