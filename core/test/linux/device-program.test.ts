import test from 'ava';
import type {DeviceRule} from '../../src/contract/devices.ts';
import {deviceProgram} from '../../src/linux/device-program.ts';

/** code, registers, offset, constant of each instruction. */
const decode = (program: Buffer) =>
  Array.from({length: program.length / 8}, (_, index) => {
    const at = index * 8;
    const registers = program.readUInt8(at + 1);
    return {
      code: program.readUInt8(at),
      to: registers & 15,
      from: registers >> 4,
      skip: program.readInt16LE(at + 2),
      value: program.readInt32LE(at + 4),
    };
  });

const TYPES = {block: 1, char: 2} as const;

/** What the kernel would do with it (kernel/bpf/core.c), as far as these instructions go. */
const run = (
  program: Buffer,
  {type, access, major, minor}: {type: 'block' | 'char'; access: number; major: number; minor: number},
) => {
  const context = [(access << 16) | TYPES[type], major, minor];
  const registers = Array.from({length: 11}, () => 0);
  const instructions = decode(program);
  for (let at = 0; ; at++) {
    const instruction = instructions[at];
    if (instruction === undefined) throw new Error('ran over the end');
    const {code, to, from, skip, value} = instruction;
    const own = registers[to] ?? 0;
    switch (code) {
      case 0x61:
        registers[to] = context[skip / 4] ?? Number.NaN;
        break;
      case 0xbc:
        registers[to] = registers[from] ?? 0;
        break;
      case 0xb7:
        registers[to] = value;
        break;
      case 0x54:
        registers[to] = own & value;
        break;
      case 0x74:
        registers[to] = own >>> value;
        break;
      case 0x55:
        if (own !== value) at += skip;
        break;
      case 0x95:
        return registers[0];
      default:
        throw new Error(`unknown instruction ${code}`);
    }
  }
};

const rules: readonly DeviceRule[] = [
  {type: 'char', major: 1, minor: 3, access: 'rwm'},
  {type: 'char', major: 1, minor: 5, access: 'r'},
  {type: 'char', major: 136, minor: null, access: 'rw'},
  {type: 'block', major: 8, minor: 1, access: 'rw'},
];
const [MKNOD, READ, WRITE] = [1, 2, 4];

test('S29 the bytes of a program: the one of a single rule', (t) => {
  t.is(
    deviceProgram([{type: 'char', major: 1, minor: 3, access: 'r'}])
      .toString('hex')
      .match(/.{16}/g)
      ?.join(' '),
    [
      ...[
        '6112000000000000',
        'bc23000000000000',
        '54020000ffff0000',
        '7403000010000000',
        '6114040000000000',
        '6115080000000000',
      ],
      ...[
        '5502070002000000',
        '5504060001000000',
        '5505050003000000',
        'bc31000000000000',
        '5401000005000000',
        '5501020000000000',
      ],
      ...['b700000001000000', '9500000000000000', 'b700000000000000', '9500000000000000'],
    ].join(' '),
  );
});

test('S29 a program allows what one of its rules allows, and nothing else', (t) => {
  const program = deviceProgram(rules);
  for (const type of ['block', 'char'] as const) {
    for (const major of [0, 1, 2, 8, 136]) {
      for (const minor of [0, 1, 3, 5, 300]) {
        for (let access = 0; access < 8; access++) {
          const allowed = rules.some(
            (rule) =>
              rule.type === type &&
              rule.major === major &&
              (rule.minor === null || rule.minor === minor) &&
              (!(access & MKNOD) || rule.access.includes('m')) &&
              (!(access & READ) || rule.access.includes('r')) &&
              (!(access & WRITE) || rule.access.includes('w')),
          );
          t.is(run(program, {type, access, major, minor}), allowed ? 1 : 0, `${type} ${major}:${minor} ${access}`);
        }
      }
    }
  }
  t.is(run(deviceProgram([]), {type: 'char', access: READ, major: 1, minor: 3}), 0);
});
