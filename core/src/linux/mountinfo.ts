import {readFileSync} from 'node:fs';

/** A line of /proc/PID/mountinfo (proc_pid_mountinfo(5)). */
export interface MountEntry {
  readonly id: number;
  readonly parent: number;
  /** `major:minor` of the file system. */
  readonly device: string;
  /** The directory of the file system that is the root of this mount. */
  readonly root: string;
  readonly mountPoint: string;
  /** Of the mount: `ro`, `nosuid`, … */
  readonly options: readonly string[];
  /** `shared:1`, `master:2`, …; empty for a private mount. */
  readonly propagation: readonly string[];
  readonly type: string;
  readonly source: string;
  /** Of the file system, `key=value` undivided; commas in values cannot be told from separators. */
  readonly superOptions: readonly string[];
}

// Blank, tab, newline, backslash and `#` come as \ooo.
const unescapeOctal = (field: string): string =>
  field.includes('\\')
    ? field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    : field;

const parseLine = (line: string): MountEntry => {
  const fields = line.split(' ');
  const dash = fields.indexOf('-', 6);
  const [id, parent, device, root, mountPoint, options] = fields;
  const [type, source, superOptions] = fields.slice(dash + 1);
  if (dash < 0 || device === undefined || root === undefined || mountPoint === undefined || type === undefined) {
    throw new Error(`not a line of mountinfo: ${JSON.stringify(line)}`);
  }
  return {
    id: Number(id),
    parent: Number(parent),
    device,
    root: unescapeOctal(root),
    mountPoint: unescapeOctal(mountPoint),
    options: (options ?? '').split(','),
    propagation: fields.slice(6, dash),
    type,
    source: unescapeOctal(source ?? ''),
    superOptions: (superOptions ?? '').split(',').map(unescapeOctal),
  };
};

/** Parses the text of a mountinfo file, in its order: of two mounts on one place the later one is on top. */
export const parseMountinfo = (text: string): MountEntry[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map(parseLine);

/** The mounts that a process sees. Default: this one. */
export const readMountinfo = (pid: number | 'self' = 'self'): MountEntry[] =>
  parseMountinfo(readFileSync(`/proc/${pid}/mountinfo`, 'utf8'));
