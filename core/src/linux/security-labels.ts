import {constants, existsSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import type {Process} from '../contract/process.ts';
import type {ProgramCall} from './call-program.ts';
import {labelRefused} from './errors.ts';
import type {Fd} from './fd.ts';
import {cString} from './libc.ts';
import {encodeOpenHow, O_PATH, openHost} from './openat2.ts';
import type {MakeCall} from './program-calls.ts';
import {isSystemError} from './syscall-error.ts';

const PROC = '/proc';
/** Of the thread that calls execve, below /proc: proc_pid_attr(5). */
const ATTRIBUTES = 'thread-self/attr';

/** What security modules are to make of a process. */
export type Labels = Pick<Process, 'apparmorProfile' | 'selinuxContext'>;

interface Told {
  readonly module: 'AppArmor' | 'SELinux';
  readonly label: string;
  /** Below the directory of attributes. AppArmor has one of its own there since Linux 5.8. */
  readonly file: string;
  readonly text: string;
}

/** The kernel takes no more than a page of 4 KiB, and would take the beginning for the whole. */
const MAX_BYTES = 4000;

/** Nothing but a label that a module reads as it stands: AppArmor drops blanks at the ends, for SELinux a line break at the start is no context at all, and for both a null byte is the end. */
const requireExact = ({module, label}: Told): void => {
  const problem =
    Buffer.byteLength(label) > MAX_BYTES
      ? `more than ${MAX_BYTES} bytes`
      : /\p{Cc}/u.test(label)
        ? 'a control character'
        : label.trim() !== label || label === ''
          ? 'empty, or a blank at an end'
          : undefined;
  if (problem !== undefined) throw labelRefused(module, label, new Error(problem));
};

/** @throws RKT_LABEL_REFUSED */
const told = (labels: Labels, attributes: string): Told[] => {
  const all = toldOf(labels, attributes);
  all.forEach(requireExact);
  return all;
};

const toldOf = ({apparmorProfile: profile, selinuxContext: context}: Labels, attributes: string): Told[] => [
  ...(profile === undefined
    ? []
    : [
        {
          module: 'AppArmor' as const,
          label: profile,
          file: ['apparmor/exec', 'exec'].find((file) => existsSync(path.join(attributes, file))) ?? 'exec',
          text: `exec ${profile}`,
        },
      ]),
  ...(context === undefined ? [] : [{module: 'SELinux' as const, label: context, file: 'exec', text: context}]),
];

/**
 * Has security modules give the program that this thread becomes, and no other, its profile or context. Needs the host's /proc.
 * @throws RKT_LABEL_REFUSED for one that the module does not know, does not allow, or does not read as it stands
 */
export const confineNextProgram = (labels: Labels, attributes = path.join(PROC, ATTRIBUTES)): void => {
  for (const {module, label, file, text} of told(labels, attributes)) {
    try {
      writeFileSync(path.join(attributes, file), text, {flag: 'r+'});
    } catch (cause) {
      throw isSystemError(cause) ? labelRefused(module, label, cause) : cause;
    }
  }
};

/** {@link confineNextProgram} by a program of system calls, for what it or its child becomes: both keep what a module has been told until the next execve. */
export interface Confinement {
  /** To be made where the kernel still has the process among those of the host. They leave nothing open. */
  readonly calls: (call: MakeCall) => ProgramCall[];
  /** To be taken along. */
  readonly descriptors: readonly Fd[];
}

const STDIN = 0;

/**
 * `undefined` of a process without a label. Needs the host's /proc.
 * @throws RKT_LABEL_REFUSED for one that no module reads as it stands
 */
export const confinement = (labels: Labels): Confinement | undefined => {
  const all = told(labels, path.join(PROC, ATTRIBUTES));
  if (all.length === 0) return undefined;
  const [proc, stdin] = [openHost(PROC, O_PATH | constants.O_DIRECTORY), openHost('/dev/null', O_PATH)];
  const how = encodeOpenHow(constants.O_WRONLY, 0, 0);
  const calls = (call: MakeCall): ProgramCall[] => {
    const close = (number: number) => call('close_range', [number, number, 0]);
    return [
      ...all.flatMap(({module, label, file, text}) => {
        const refused = labelRefused(module, label, new Error('the kernel does not take it'));
        const bytes = Buffer.from(text);
        return [
          // What is opened gets the lowest number that is free, and only of this one it is known that there is none below it.
          call('dup3', [STDIN, stdin.number, 0]),
          close(STDIN),
          call('openat2', [proc.number, cString(`${ATTRIBUTES}/${file}`), how, how.length], refused),
          call('write', [STDIN, bytes, bytes.length], refused),
          call('dup3', [stdin.number, STDIN, 0]),
        ];
      }),
      close(proc.number),
      close(stdin.number),
    ];
  };
  return {calls, descriptors: [proc, stdin]};
};
