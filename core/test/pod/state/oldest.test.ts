import test from 'ava';
import {oldest} from '../../../src/pod/state/oldest.ts';

type Row = readonly [pid: number, startTime: number, parent: number];

const found = (...rows: readonly Row[]): number | undefined =>
  oldest(
    rows.map(([pid, startTime]) => ({pid, startTime})),
    (pid) => rows.find(([one]) => one === pid)?.[2],
  )?.pid;

const SUPERVISOR = 5;

test('the oldest is the one that was started first, whatever its number', (t) => {
  t.is(found(), undefined);
  t.is(found([7, 100, SUPERVISOR]), 7);
  t.is(found([8, 101, 9], [9, 100, SUPERVISOR], [10, 102, 9]), 9);
});

test('of those of one tick it is no child of another, also where numbers begin again; among others the lowest', (t) => {
  t.is(found([31, 100, SUPERVISOR], [32, 100, 31]), 31);
  t.is(found([300, 100, 4_194_303], [4_194_303, 100, SUPERVISOR]), 4_194_303);
  t.is(found([300, 100, 4_194_303], [301, 100, 300], [4_194_303, 100, SUPERVISOR], [302, 101, 300]), 4_194_303);
  t.is(found([31, 100, SUPERVISOR], [30, 100, SUPERVISOR]), 30);
  // One has ended since, and the other has another parent by now.
  t.is(
    oldest(
      [
        {pid: 31, startTime: 1},
        {pid: 32, startTime: 1},
      ],
      () => undefined,
    )?.pid,
    31,
  );
});
