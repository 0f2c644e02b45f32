/** An entry of an archive: a directory, unless it has content or is a symlink. */
export interface CpioEntry {
  /** Without a slash at its beginning. */
  readonly name: string;
  readonly content?: Buffer;
  /** Where a symlink leads. */
  readonly link?: string;
  readonly mode?: number;
}

const [FILE, DIRECTORY, SYMLINK] = [0o100000, 0o040000, 0o120000];

const padded = (data: Buffer): Buffer => Buffer.concat([data, Buffer.alloc(-data.length & 3)]);

const entry = ({name, content, link, mode}: CpioEntry, inode: number): Buffer => {
  const data = link === undefined ? (content ?? Buffer.alloc(0)) : Buffer.from(link);
  const type = link !== undefined ? SYMLINK : content === undefined ? DIRECTORY : FILE;
  const permissions = mode ?? (type === FILE ? 0o644 : 0o755);
  const fields = [inode, type | permissions, 0, 0, 1, 0, data.length, 0, 0, 0, 0, Buffer.byteLength(name) + 1, 0];
  const header = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  return Buffer.concat([padded(Buffer.from(`070701${header}${name}\0`)), padded(data)]);
};

/** An archive in the format that the kernel unpacks at its start (cpio(5), "New ASCII Format"): the same bytes for the same entries. */
export const cpio = (entries: readonly CpioEntry[]): Buffer =>
  Buffer.concat([
    ...entries.map((one, index) => entry(one, index + 1)),
    entry({name: 'TRAILER!!!', content: Buffer.alloc(0)}, 0),
  ]);
