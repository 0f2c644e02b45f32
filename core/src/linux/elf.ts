import {readSync} from 'node:fs';

/** What the kernel looks at in an ELF file (elf(5)). */
export interface ElfHeader {
  readonly bits: 32 | 64;
  readonly littleEndian: boolean;
  /** `e_machine` */
  readonly machine: number;
  /** Where the program headers are. */
  readonly table: {readonly offset: number; readonly entrySize: number; readonly entries: number};
}

const MACHINES: Readonly<Record<number, string>> = {
  3: 'i386',
  20: 'ppc',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x86_64',
  183: 'aarch64',
  243: 'riscv64',
  258: 'loongarch64',
};
/** Smallest entry of a table of program headers, of 64 bit. */
export const PROGRAM_HEADER = 56;
/** Types of segments. */
export const PT_INTERP = 3;
export const PT_NOTE = 4;
/** Bytes of an ELF header that are looked at. */
export const ELF_HEADER = 64;

/** Parses the first bytes of a file; `undefined` if it is no ELF file. */
export const parseElf = (head: Buffer): ElfHeader | undefined => {
  if (head.length < 52 || head.readUInt32BE(0) !== 0x7f454c46) return undefined;
  const bits = head[4] === 2 ? 64 : 32;
  const littleEndian = head[5] !== 2;
  if (bits === 64 && head.length < ELF_HEADER) return undefined;
  const half = (offset: number) => (littleEndian ? head.readUInt16LE(offset) : head.readUInt16BE(offset));
  return {
    bits,
    littleEndian,
    machine: half(18),
    table:
      bits === 64
        ? {offset: Number(head.readBigUInt64LE(32)), entrySize: half(54), entries: half(56)}
        : {offset: head.readUInt32LE(28), entrySize: half(42), entries: half(44)},
  };
};

/** The machine an ELF file is for, as `uname -m` names it; x32 and big-endian variants differ from their siblings. */
export const elfArchitecture = ({bits, littleEndian, machine}: ElfHeader): string => {
  const name = MACHINES[machine] ?? `machine ${machine}`;
  if (machine === 62 && bits === 32) return 'x32';
  if (machine === 183 && !littleEndian) return 'aarch64_be';
  return name;
};

/** Where the segments of that type are, from the program headers of a 64-bit little-endian file. */
export const segmentsOf = function* (
  table: Buffer,
  entrySize: number,
  type: number,
): Generator<{readonly offset: number; readonly length: number}> {
  for (let at = 0; at + PROGRAM_HEADER <= table.length; at += Math.max(entrySize, PROGRAM_HEADER)) {
    if (table.readUInt32LE(at) !== type) continue;
    yield {offset: Number(table.readBigUInt64LE(at + 8)), length: Number(table.readBigUInt64LE(at + 32))};
  }
};

/** Reads what an offset of an ELF file says; what is beyond the end of the file is nothing. */
export const readAt = (file: number, position: number, length: number): Buffer => {
  if (!Number.isSafeInteger(position)) return Buffer.alloc(0);
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, position));
};
