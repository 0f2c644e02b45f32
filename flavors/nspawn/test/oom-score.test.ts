import test from 'ava';
import type {Pod} from '../../../core/src/contract/index.ts';
import {hostFacts, pod} from '../../../core/test/support/fixtures.ts';
import {supervisorScore} from '../src/oom-score.ts';

const able = (oomScoreAdj: number) => hostFacts({oomScoreAdj, capabilities: ['CAP_SYS_RESOURCE']});

test('what supervises a pod ends long after its apps, and never only if they never do', (t) => {
  const scores = [0, 300, -500, -1000].map((score) => supervisorScore(pod(), able(score)));
  t.deepEqual(scores, [-900, -600, -999, -1000]);
});

test('it is as its apps are where rkt may not lower a score, or apps might do so themselves', (t) => {
  const mapped = pod({idMap: {base: 65_536, count: 65_536}} as Partial<Pod>);
  t.is(supervisorScore(pod(), hostFacts({oomScoreAdj: 0, capabilities: ['CAP_SYS_ADMIN']})), null);
  t.is(supervisorScore(mapped, able(0)), null);
});
