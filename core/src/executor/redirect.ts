import {constants, fchmodSync} from 'node:fs';
import type {Launch, Redirection} from '../contract/launch.ts';
import {Fd} from '../linux/fd.ts';
import {duplicate, replaceDescriptor} from '../linux/fd-flags.ts';
import {openHost} from '../linux/openat2.ts';
import type {StepContext} from './context.ts';
import {Place} from './location.ts';

const {O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR, O_WRONLY} = constants;
const NUMBERS = {stdin: 0, stdout: 1, stderr: 2} as const;

/** Streams that are open and wait to take their places. */
export interface Redirect {
  /** Right before execve: rkt's own errors went to the caller until now. */
  apply(): void;
  /** After an execve that failed, so that they do again. */
  undo(): void;
}

/** Opens where the launched program's streams go, while the host's file system can still be seen. */
export const prepareRedirect = (
  stdio: Extract<Launch, {into: 'rootfs'}>['stdio'] = {},
  context: StepContext,
): Redirect => {
  const streams = (['stdin', 'stdout', 'stderr'] as const).flatMap((name) => {
    const to = stdio[name];
    return to === undefined ? [] : [{number: NUMBERS[name], file: open(to, context)}];
  });
  let saved: {number: number; file: Fd}[] = [];
  return {
    apply() {
      saved = streams.map(({number}) => ({number, file: new Fd(duplicate(number))}));
      for (const {number, file} of streams) replaceDescriptor(number, file.number);
    },
    undo() {
      for (const {number, file} of saved) replaceDescriptor(number, file.number);
    },
  };
};

const open = (to: Redirection, context: StepContext): Fd => {
  if (to.to === 'null') return openHost('/dev/null', O_RDWR);
  using place = new Place({in: 'pod', path: to.path}, context);
  const file = place.open(to.path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, {mode: 0o640});
  // Whichever user the app is, it may open it again (`/dev/stdout`); nobody else comes into the pod's directory.
  fchmodSync(file.number, 0o642);
  return file;
};
