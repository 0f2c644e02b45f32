import test from 'ava';
import type {Capability, RootfsPath} from '../../src/contract/index.ts';
import {elfArchitecture, PT_INTERP, parseElf, segmentsOf} from '../../src/linux/elf.ts';
import {absolute, mayExecute, parseInterpreterLine} from '../../src/linux/program-file.ts';

const header = (bits: 1 | 2, data: 1 | 2, machine: number): Buffer => {
  const file = Buffer.alloc(64);
  file.writeUInt32BE(0x7f454c46, 0);
  file.set([bits, data, 1], 4);
  if (data === 1) file.writeUInt16LE(machine, 18);
  else file.writeUInt16BE(machine, 18);
  return file;
};
const architecture = (file: Buffer) => {
  const elf = parseElf(file);
  return elf && elfArchitecture(elf);
};

test('ELF files tell their machine, whatever their word size and byte order', (t) => {
  t.is(architecture(header(2, 1, 62)), 'x86_64');
  t.is(architecture(header(2, 1, 183)), 'aarch64');
  t.is(architecture(header(1, 1, 3)), 'i386');
  t.is(architecture(header(1, 1, 62)), 'x32');
  t.is(architecture(header(2, 2, 22)), 's390x');
  t.is(architecture(header(2, 2, 183)), 'aarch64_be');
  t.is(architecture(header(2, 1, 999)), 'machine 999');
});

test('what is no ELF file is none, and a short one is no crash', (t) => {
  for (const length of [0, 3, 16, 51]) t.is(parseElf(header(2, 1, 62).subarray(0, length)), undefined);
  t.is(parseElf(Buffer.alloc(64)), undefined);
});

test('segments are found among the program headers', (t) => {
  const table = Buffer.alloc(56 * 3);
  table.writeUInt32LE(1, 0);
  table.writeUInt32LE(3, 56);
  table.writeBigUInt64LE(568n, 56 + 8);
  table.writeBigUInt64LE(28n, 56 + 32);
  const found = (part: Buffer, entrySize = 56) => [...segmentsOf(part, entrySize, PT_INTERP)];
  t.deepEqual(found(table), [{offset: 568, length: 28}]);
  t.deepEqual(found(table.subarray(0, 56)), []);
  t.deepEqual(found(Buffer.alloc(0), 0), []);
});

test('"#!" lines as the kernel reads them', (t) => {
  const line = (text: string) => parseInterpreterLine(Buffer.from(text));
  t.is(line('#!/bin/sh\necho'), '/bin/sh');
  t.is(line('#! \t/usr/bin/env node\n'), '/usr/bin/env');
  t.is(line('#!/bin/sh'), '/bin/sh');
  t.is(line('#!\n/bin/sh'), undefined);
  t.is(line('#!   '), undefined);
  t.is(line('# !/bin/sh'), undefined);
  t.is(line(''), undefined);
});

const runner = (uid: number, gid: number, groups: number[], effective: Capability[] = []) => ({
  uid,
  gid,
  groups,
  cwd: '/' as RootfsPath,
  capabilities: {bounding: effective, effective, ambient: []},
});

test('execute permission is that of the first class that fits, as the kernel decides', (t) => {
  const file = {mode: 0o100_641, uid: 1, gid: 2};
  t.false(mayExecute(file, runner(1, 9, [])));
  t.false(mayExecute(file, runner(9, 2, [])));
  t.false(mayExecute(file, runner(9, 9, [5, 2])));
  t.true(mayExecute(file, runner(9, 9, [5])));
  t.true(mayExecute({...file, mode: 0o100_710}, runner(9, 9, [2])));
});

test('who overrides permissions still needs one execute bit', (t) => {
  const root = runner(0, 0, [], ['CAP_DAC_OVERRIDE']);
  t.true(mayExecute({mode: 0o100_100, uid: 1, gid: 1}, root));
  t.false(mayExecute({mode: 0o100_666, uid: 0, gid: 0}, root));
  t.false(mayExecute({mode: 0o100_700, uid: 1, gid: 1}, runner(0, 0, [])));
});

test('a relative path is one of the working directory', (t) => {
  t.is(absolute('./a', '/work'), '/work/./a');
  t.is(absolute('/a', '/work'), '/a');
});
