import {readSync} from 'node:fs';
import {type DlopenNote, parseDlopenNotes} from './dlopen-notes.ts';

const PT_INTERP = 3;
const PT_NOTE = 4;
const MAX_HEADERS = 4096;
const MAX_INTERPRETER = 4096;
const MAX_NOTES = 1024 * 1024;

export interface Elf {
  /** The dynamic loader that it names; absent in a static program, and in most libraries. */
  readonly interpreter: string | undefined;
  readonly dlopens: readonly DlopenNote[];
}

const read = (file: number, position: number, length: number): Buffer => {
  const buffer = Buffer.alloc(length);
  return buffer.subarray(0, readSync(file, buffer, 0, length, position));
};

/** What an open file says, if it is an ELF file of this kind of host (64 bit, little-endian; elf(5)). */
export const readElf = (file: number): Elf | undefined => {
  const header = read(file, 0, 64);
  if (header.length < 64 || header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return undefined;
  const offset = Number(header.readBigUInt64LE(32));
  const size = header.readUInt16LE(54);
  const count = Math.min(header.readUInt16LE(56), MAX_HEADERS);
  if (size < 56) return undefined;
  const table = read(file, offset, size * count);
  const segments = function* (type: number, most: number): Generator<Buffer> {
    for (let at = 0; at + size <= table.length; at += size) {
      if (table.readUInt32LE(at) !== type) continue;
      const length = Math.min(Number(table.readBigUInt64LE(at + 32)), most);
      yield read(file, Number(table.readBigUInt64LE(at + 8)), length);
    }
  };
  const [interpreter] = segments(PT_INTERP, MAX_INTERPRETER);
  return {
    interpreter: interpreter?.toString('utf8').split('\0', 1)[0],
    dlopens: [...segments(PT_NOTE, MAX_NOTES)].flatMap(parseDlopenNotes),
  };
};
