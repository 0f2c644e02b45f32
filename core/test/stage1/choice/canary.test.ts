import test from 'ava';
import {canaryNumber} from '../../../src/stage1/choice/canary.ts';

const hosts = Array.from({length: 20_000}, (_, index) => index.toString(16).padStart(32, '0'));

test('hosts are spread over a hundred numbers, and for each flavor anew', (t) => {
  const counts = new Map<number, number>();
  for (const host of hosts) {
    const number = canaryNumber(host, 'nspawn');
    counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  t.deepEqual(
    [...counts.keys()].sort((a, b) => a - b),
    Array.from({length: 100}, (_, index) => index),
  );
  // 200 each on average, with a deviation of 14.
  for (const [number, count] of counts) t.true(count > 120 && count < 280, `${number}: ${count}`);
  const same = hosts.filter((host) => canaryNumber(host, 'nspawn') === canaryNumber(host, 'fly')).length;
  t.true(same < hosts.length / 50);
});

test('a host has the same number every time', (t) => {
  const [host = ''] = hosts;
  t.is(canaryNumber(host, 'fly'), canaryNumber(host, 'fly'));
});
