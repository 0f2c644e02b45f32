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
const PT_INTERP = 3;
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

/** Where the path of the loader is, from the program headers of a 64-bit little-endian file; `undefined` for a static program. */
export const findInterpreter = (table: Buffer, entrySize: number): {offset: number; length: number} | undefined => {
  for (let at = 0; at + 56 <= table.length; at += Math.max(entrySize, 56)) {
    if (table.readUInt32LE(at) !== PT_INTERP) continue;
    return {offset: Number(table.readBigUInt64LE(at + 8)), length: Number(table.readBigUInt64LE(at + 32))};
  }
  return undefined;
};
