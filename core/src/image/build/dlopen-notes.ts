/** A library that a program loads by itself when it needs it (https://uapi-group.org/specifications/specs/elf_dlopen_metadata). */
export interface DlopenNote {
  readonly feature?: string;
  readonly priority?: 'required' | 'recommended' | 'suggested';
  /** Any of them will do, the first first. */
  readonly soname: readonly string[];
}

const OWNER = 'FDO\0';
const TYPE = 0x407c0c0a;
const ALIGNMENT = 4;

/** Parses the content of a PT_NOTE segment of a little-endian file: notes of others, and those that say nothing that can be understood, are passed over. */
export const parseDlopenNotes = (segment: Buffer): DlopenNote[] => {
  const notes: DlopenNote[] = [];
  for (let at = 0; at + 12 <= segment.length; ) {
    const [nameSize, size, type] = [
      segment.readUInt32LE(at),
      segment.readUInt32LE(at + 4),
      segment.readUInt32LE(at + 8),
    ];
    const content = at + 12 + aligned(nameSize);
    if (content + size > segment.length) break;
    if (type === TYPE && segment.toString('latin1', at + 12, at + 12 + nameSize) === OWNER) {
      notes.push(...parseNote(segment.toString('utf8', content, content + size)));
    }
    at = content + aligned(size);
  }
  return notes;
};

const aligned = (size: number): number => Math.ceil(size / ALIGNMENT) * ALIGNMENT;

const parseNote = (text: string): DlopenNote[] => {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/\0+$/, ''));
  } catch {
    return [];
  }
  return Array.isArray(value) ? value.filter(isNote) : [];
};

const isNote = (value: unknown): value is DlopenNote => {
  const {soname} = (value ?? {}) as {soname?: unknown};
  return Array.isArray(soname) && soname.every((name) => typeof name === 'string' && /^[^/:\0\s]+$/.test(name));
};
