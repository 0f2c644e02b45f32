import test from 'ava';
import type {SeccompFilter} from '../../src/contract/index.ts';
import {runFilter} from '../../src/linux/run-filter.ts';
import {startedWith, weakerCalls} from '../../src/linux/weaker-calls.ts';

type Instruction = readonly [code: number, yes: number, no: number, k: number];

const program = (...instructions: readonly Instruction[]): Buffer => {
  const buffer = Buffer.alloc(instructions.length * 8);
  instructions.forEach(([code, yes, no, k], index) => {
    buffer.writeUInt16LE(code, index * 8);
    buffer.writeUInt8(yes, index * 8 + 2);
    buffer.writeUInt8(no, index * 8 + 3);
    buffer.writeUInt32LE(k, index * 8 + 4);
  });
  return buffer;
};

const ALLOW = 0x7fff_0000;
const EPERM = 0x0005_0001;
const KILL_THREAD = 0;
const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const ret = (k: number): Instruction => [0x06, 0, 0, k];
const ifEqual = (k: number, yes: number, no: number): Instruction => [0x15, yes, no, k];
const arch = 0xc000_003e;

test('a filter answers by number and arguments, the upper halves included', (t) => {
  const filter = program(load(0), ifEqual(5, 0, 3), load(16 + 8 + 4), ifEqual(1, 0, 1), ret(EPERM), ret(ALLOW));
  t.deepEqual([...runFilter(filter, {arch, number: 5, args: [0n, 1n << 32n]})], [EPERM]);
  t.deepEqual([...runFilter(filter, {arch, number: 5, args: [0n, 1n]})], [ALLOW]);
  t.deepEqual([...runFilter(filter, {arch, number: 6, args: [0n, 1n << 32n]})], [ALLOW]);
});

test('a filter whose arguments are not known gives every answer of all ways', (t) => {
  const filter = program(load(0), ifEqual(5, 0, 3), load(16), ifEqual(1, 0, 1), ret(EPERM), ret(ALLOW));
  t.deepEqual(runFilter(filter, {arch, number: 5}), new Set([EPERM, ALLOW]));
  t.deepEqual(runFilter(filter, {arch, number: 6}), new Set([ALLOW]));
});

test('arithmetic is of 32 bits without sign', (t) => {
  const compute = (code: number, a: number, k: number) =>
    [...runFilter(program([0x00, 0, 0, a], [code, 0, 0, k], [0x16, 0, 0, 0]), {arch, number: 0})][0];
  t.is(compute(0x04, 0xffff_ffff, 2), 1);
  t.is(compute(0x14, 1, 2), 0xffff_ffff);
  t.is(compute(0x24, 0xffff_ffff, 0xffff_ffff), 1);
  t.is(compute(0x54, 0xf000_000f, 0xf000_0001), 0xf000_0001);
  t.is(compute(0x64, 1, 31), 0x8000_0000);
  t.is(compute(0x74, 0x8000_0000, 31), 1);
});

test('a program with many branches over unknown arguments takes no longer than its length', (t) => {
  const branches = Array.from({length: 1000}, (): Instruction[] => [load(16), ifEqual(1, 0, 0)]).flat();
  t.deepEqual(runFilter(program(...branches, ret(ALLOW)), {arch, number: 0}), new Set([ALLOW]));
});

/** The ways through it double with each branch: the index register is another number on each. */
const doubling = program(
  [0x01, 0, 0, 0],
  ...Array.from({length: 60}, (_, bit): Instruction[] => [
    load(16),
    [0x45, 0, 3, 2 ** (bit % 32)],
    [0x87, 0, 0, 0],
    [0x04, 0, 0, bit + 1],
    [0x07, 0, 0, 0],
  ]).flat(),
  ret(EPERM),
);

test('S10 a program with more ways than can be followed may answer anything', (t) => {
  t.true(runFilter(doubling, {arch, number: 0}).has(ALLOW));
});

test('S10 what a process has added to the filters that it was started with is not looked at', (t) => {
  const denied: SeccompFilter = {default: {action: 'errno', errno: 1}, rules: []};
  const wanted = program(ret(EPERM));
  const own = program(load(0));
  t.throws(() => runFilter(own, {arch, number: 0}));
  t.deepEqual(startedWith(wanted, denied, [program(ret(ALLOW)), wanted, own]), [program(ret(ALLOW)), wanted]);
  t.is(startedWith(wanted, denied, [program(ret(ALLOW))]), undefined);
});

test('a program without an end is refused', (t) => {
  t.throws(() => runFilter(program(load(0)), {arch, number: 0}));
  t.throws(() => runFilter(program([0x05, 0, 0, 1000], ret(ALLOW)), {arch, number: 0}));
});

test('of several filters the strictest counts, and a thread that is killed is as good as its process', (t) => {
  const only = (number: number, answer: number) => program(load(0), ifEqual(number, 0, 1), ret(answer), ret(ALLOW));
  const filter: SeccompFilter = {default: {action: 'allow'}, rules: []};
  t.deepEqual(weakerCalls(only(3, 0x8000_0000), filter, [only(3, KILL_THREAD)]), []);
  t.deepEqual(weakerCalls(only(3, EPERM), filter, [only(4, EPERM), only(3, EPERM)]), []);
  const lost = weakerCalls(only(3, EPERM), filter, [only(4, EPERM)]);
  t.true(lost.includes('3') && lost.includes('other 3') && !lost.includes('4'));
  t.true(weakerCalls(only(3, EPERM), filter, []).includes('3'));
  t.true(weakerCalls(only(3, 0x8000_0000), filter, [only(3, EPERM)]).includes('3'));
});
