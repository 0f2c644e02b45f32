import test from 'ava';
import {
  POD_DIRECTORIES,
  POD_STATES,
  type PodDirectory,
  type PodState,
  stateOf,
  TRANSITIONS,
} from '../../../src/pod/state/states.ts';

const rows: readonly [PodDirectory, locked: boolean, alive: boolean, PodState][] = [
  ['embryo', false, false, 'embryo'],
  ['embryo', true, false, 'embryo'],
  ['prepare', true, false, 'preparing'],
  ['prepare', false, false, 'aborted prepare'],
  ['prepared', false, false, 'prepared'],
  ['prepared', true, false, 'prepared'],
  ['run', true, false, 'running'],
  ['run', false, true, 'running'],
  ['run', true, true, 'running'],
  ['run', false, false, 'exited'],
  ['exited-garbage', true, false, 'exited deleting'],
  ['exited-garbage', false, false, 'exited garbage'],
  ['garbage', true, false, 'deleting'],
  ['garbage', false, false, 'garbage'],
];

for (const [directory, locked, alive, state] of rows)
  test(`S20 ${directory}, ${locked ? 'locked' : 'unlocked'}, ${alive ? 'alive' : 'not alive'}: ${state}`, (t) => {
    t.is(stateOf(directory, {locked, alive}), state);
  });

test('S20 every state is reached by some row', (t) => {
  t.deepEqual([...new Set(rows.map((row) => row[3]))].sort(), [...POD_STATES].sort());
});

test('S20 a pod only moves forward in the order in which readers look', (t) => {
  for (const {from, to} of TRANSITIONS)
    t.true(POD_DIRECTORIES.indexOf(from) < POD_DIRECTORIES.indexOf(to), `${from} to ${to}`);
});
