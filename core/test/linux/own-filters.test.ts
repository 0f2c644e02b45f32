import test from 'ava';
import {keyFilter, leaseFilter, terminalFilter} from '../../src/linux/own-filters.ts';

/** What the filter answers, interpreted: `struct seccomp_data` is number, architecture, instruction pointer, six arguments. */
const judge = (filter: Buffer, architecture: number, number: number, request: bigint): number => {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(number, 0);
  data.writeUInt32LE(architecture, 4);
  data.writeBigUInt64LE(request, 24);
  let accumulator = 0;
  for (let at = 0; ; at++) {
    const [code, k] = [filter.readUInt16LE(at * 8), filter.readUInt32LE(at * 8 + 4)];
    if (code === 0x06) return k;
    if (code === 0x20) accumulator = data.readUInt32LE(k);
    else at += filter.readUInt8(at * 8 + (accumulator === k ? 2 : 3));
  }
};

const ALLOWED = 0x7fff_0000;
const EPERM = 0x0005_0001;
const EINVAL = 0x0005_0016;
const abis = {
  x64: {
    ioctl: [
      [0xc000_003e, 16],
      [0xc000_003e, 0x4000_0202],
      [0x4000_0003, 54],
    ],
    fcntl: [
      [0xc000_003e, 72],
      [0xc000_003e, 0x4000_0048],
      [0x4000_0003, 55],
      [0x4000_0003, 221],
    ],
  },
  arm64: {
    ioctl: [
      [0xc000_00b7, 29],
      [0x4000_0028, 54],
    ],
    fcntl: [
      [0xc000_00b7, 25],
      [0x4000_0028, 55],
      [0x4000_0028, 221],
    ],
  },
} as const;

const filters = {
  'S30 no request of another number is TIOCSTI or TIOCLINUX': {
    call: 'ioctl',
    filter: terminalFilter,
    refused: [0x5412n, 0x541cn],
    answer: EPERM,
    others: [0x5401n, 0x5411n, 0x5413n, 0x541bn, 0n],
  },
  'S10 no command of another number takes a lease or a delegation': {
    call: 'fcntl',
    filter: leaseFilter,
    refused: [1024n, 1040n],
    answer: EINVAL,
    others: [0n, 4n, 1023n, 1025n, 1030n, 1039n, 1041n],
  },
} as const;
for (const [promise, {call, filter: make, refused, answer, others}] of Object.entries(filters)) {
  test(`${promise}, by whatever ABI`, (t) => {
    for (const [machine, calls] of Object.entries(abis)) {
      const filter = make(machine);
      for (const [architecture, number] of calls[call]) {
        // The kernel looks at the lower half.
        for (const high of [0n, 1n << 32n, 0xffff_ffffn << 32n]) {
          for (const value of refused) t.is(judge(filter, architecture, number, value | high), answer);
          for (const other of others) t.is(judge(filter, architecture, number, other | high), ALLOWED);
        }
        t.is(judge(filter, architecture, 1, refused[0]), ALLOWED);
      }
    }
  });
}

const keys = {
  x64: [
    [0xc000_003e, 248],
    [0xc000_003e, 250],
    [0xc000_003e, 0x4000_00f9],
    [0x4000_0003, 286],
    [0x4000_0003, 288],
  ],
  arm64: [
    [0xc000_00b7, 217],
    [0xc000_00b7, 219],
    [0x4000_0028, 311],
  ],
} as const;
test('S35 no call reaches the keys of a user, by whatever ABI', (t) => {
  for (const [machine, calls] of Object.entries(keys)) {
    const filter = keyFilter(machine);
    for (const [architecture, number] of calls) {
      for (const value of [0n, 1024n, 0xffff_ffffn]) t.is(judge(filter, architecture, number, value), EPERM);
      t.is(judge(filter, architecture, 1, 0n), ALLOWED);
    }
  }
});
