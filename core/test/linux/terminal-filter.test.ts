import test from 'ava';
import {terminalFilter} from '../../src/linux/terminal-filter.ts';

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
const abis = {
  x64: [
    [0xc000_003e, 16],
    [0xc000_003e, 0x4000_0202],
    [0x4000_0003, 54],
  ],
  arm64: [
    [0xc000_00b7, 29],
    [0x4000_0028, 54],
  ],
} as const;

test('S30 no request of another number is TIOCSTI or TIOCLINUX, by whatever ABI', (t) => {
  for (const [machine, calls] of Object.entries(abis)) {
    const filter = terminalFilter(machine);
    for (const [architecture, ioctl] of calls) {
      for (const high of [0n, 1n << 32n, 0xffff_ffffn << 32n]) {
        t.is(judge(filter, architecture, ioctl, 0x5412n | high), EPERM);
        t.is(judge(filter, architecture, ioctl, 0x541cn | high), EPERM);
        for (const other of [0x5401n, 0x5411n, 0x5413n, 0x541bn, 0n])
          t.is(judge(filter, architecture, ioctl, other | high), ALLOWED);
      }
      t.is(judge(filter, architecture, ioctl + 1, 0x5412n), ALLOWED);
    }
  }
});
