import test from 'ava';
import type {Outcome} from '../../src/cli/load-kit.ts';
import {prove} from '../../src/cli/prove.ts';
import type {Verdict} from '../../src/stage1/choice/examine-flavor.ts';

const verdict = (name: string, more: Partial<Verdict> = {}): Verdict => ({
  kind: 'feature',
  name,
  declared: 'enforced',
  here: 'enforced',
  ...more,
});
const outcome = (id: string, needs: string[], result: Outcome['result'], because?: string): Outcome => ({
  ...{id, title: id, needs, result, milliseconds: 1},
  ...(because !== undefined && {because}),
});

test('one row for each promise: it holds, does not, or nobody can say here', (t) => {
  const rows = prove(
    {
      verdicts: [
        verdict('dns'),
        verdict('hostname'),
        verdict('restart', {here: 'impossible', because: 'no systemd'}),
        verdict('ports'),
        verdict('stdio/log'),
        verdict('network/none', {declared: 'impossible', here: 'impossible'}),
      ],
    },
    {
      outcomes: [
        outcome('A/1', ['dns'], 'passed'),
        outcome('A/2', ['dns', 'hostname'], 'passed'),
        outcome('A/3', ['hostname'], 'failed', 'another name\nthan asked for'),
        outcome('A/4', ['restart'], 'skipped', 'no systemd'),
        outcome('A/5', ['stdio/log', 'logs'], 'not declared', 'logs is impossible'),
      ],
    },
    {ports: 'there are no networks'},
  );
  t.deepEqual(
    rows.map(({name, verdict, because, cases}) => [name, verdict, because, cases]),
    [
      ['dns', 'holds', '', ['A/1', 'A/2']],
      ['hostname', 'does not hold', 'A/3: another name', ['A/2', 'A/3']],
      ['restart', 'cannot be tried here', 'no systemd', []],
      ['ports', 'cannot be tried here', 'there are no networks', []],
      ['stdio/log', 'cannot be tried here', 'logs is impossible', []],
    ],
  );
});
