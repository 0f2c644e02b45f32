/** An entry of an archive: a file, unless it is a directory. */
export interface CpioEntry {
  readonly name: string;
  /** Absent for a directory. */
  readonly content?: Buffer | string;
  readonly mode?: number;
}

const [FILE, DIRECTORY] = [0o100000, 0o040000];

const padded = (data: Buffer): Buffer => Buffer.concat([data, Buffer.alloc(-data.length & 3)]);

const entry = ({name, content, mode}: CpioEntry, inode: number): Buffer => {
  const data = Buffer.from(content ?? '');
  const type = content === undefined ? DIRECTORY : FILE;
  const permissions = mode ?? (content === undefined ? 0o755 : 0o644);
  const fields = [inode, type | permissions, 0, 0, 1, 0, data.length, 0, 0, 0, 0, Buffer.byteLength(name) + 1, 0];
  const header = fields.map((field) => field.toString(16).padStart(8, '0')).join('');
  return Buffer.concat([padded(Buffer.from(`070701${header}${name}\0`)), padded(data)]);
};

/** An archive in the format that the kernel unpacks at its start (cpio(5), "New ASCII Format"). */
export const cpio = (entries: readonly CpioEntry[]): Buffer =>
  Buffer.concat([...entries.map((one, index) => entry(one, index + 1)), entry({name: 'TRAILER!!!', content: ''}, 0)]);
