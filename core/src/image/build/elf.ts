import {readSync} from 'node:fs';

const PT_INTERP = 3;
const MAX_HEADERS = 4096;
const MAX_INTERPRETER = 4096;

const read = (file: number, position: number, length: number): Buffer => {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, position));
};

/** Whether an open file is an ELF file of this kind of host (64 bit, little-endian), and the dynamic loader it names (elf(5)). */
export const readElf = (file: number): {interpreter: string | undefined} | undefined => {
  const header = read(file, 0, 64);
  if (header.length < 64 || header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return undefined;
  const offset = Number(header.readBigUInt64LE(32));
  const size = header.readUInt16LE(54);
  const count = Math.min(header.readUInt16LE(56), MAX_HEADERS);
  if (size < 56) return undefined;
  const table = read(file, offset, size * count);
  for (let at = 0; at + size <= table.length; at += size) {
    if (table.readUInt32LE(at) !== PT_INTERP) continue;
    const length = Math.min(Number(table.readBigUInt64LE(at + 32)), MAX_INTERPRETER);
    const text = read(file, Number(table.readBigUInt64LE(at + 8)), length).toString('utf8');
    return {interpreter: text.split('\0', 1)[0]};
  }
  return {interpreter: undefined};
};
