import {ELF_HEADER, PROGRAM_HEADER, PT_INTERP, PT_NOTE, parseElf, readAt, segmentsOf} from '../../linux/elf.ts';
import {type DlopenNote, parseDlopenNotes} from './dlopen-notes.ts';

const MAX_HEADERS = 4096;
const MAX_INTERPRETER = 4096;
const MAX_NOTES = 1024 * 1024;

export interface Elf {
  /** The dynamic loader that it names; absent in a static program, and in most libraries. */
  readonly interpreter: string | undefined;
  readonly dlopens: readonly DlopenNote[];
}

/** What an open file says, if it is an ELF file of this kind of host (64 bit, little-endian; elf(5)). */
export const readElf = (file: number): Elf | undefined => {
  const elf = parseElf(readAt(file, 0, ELF_HEADER));
  if (elf?.bits !== 64 || !elf.littleEndian || elf.table.entrySize < PROGRAM_HEADER) return undefined;
  const {offset, entrySize, entries} = elf.table;
  const table = readAt(file, offset, entrySize * Math.min(entries, MAX_HEADERS));
  const contents = (type: number, most: number): IteratorObject<Buffer> =>
    segmentsOf(table, entrySize, type).map(({offset: at, length}) => readAt(file, at, Math.min(length, most)));
  const [interpreter] = contents(PT_INTERP, MAX_INTERPRETER);
  return {
    interpreter: interpreter?.toString('utf8').split('\0', 1)[0],
    dlopens: contents(PT_NOTE, MAX_NOTES).flatMap(parseDlopenNotes).toArray(),
  };
};
