import {closeSync} from 'node:fs';
import {hideWhatFollows} from '../linux/credentials.ts';
import {closeOnExecFrom, keepOnExec} from '../linux/fd-flags.ts';
import {isTerminal} from '../linux/terminal.ts';
import type {EnterContext} from './context.ts';
import {prepareToJoin} from './enter-by-program.ts';
import type {LaunchInto} from './exec.ts';
import {faultPoint} from './fault.ts';
import {relayTerminal, resemble} from './relay-terminal.ts';

const FIRST_BESIDES_STDIO = 3;
const STREAMS = [0, 1, 2] as const;

/**
 * Joins a running app on a new terminal of the pod's instead of the caller's. Processes of the pod that may look into the program can open its streams again (`/proc/PID/fd`), and would go on reading the caller's terminal
 * after it has ended; of this one nothing is left then (S30). This process stays outside, passes on what is typed and written, and ends as the program does.
 * @throws as `enterByProgram`
 */
export const enterOnTerminal = async (launch: LaunchInto<'member'>, context: EnterContext): Promise<never> => {
  const onTerminal = STREAMS.filter(isTerminal);
  const {program, descriptors, terminal} = prepareToJoin(launch, context, onTerminal);
  if (terminal === undefined) throw new Error('enters on a terminal without one');
  const {inside, outside} = terminal;
  resemble(inside, onTerminal);
  context.beforeExec?.();
  closeOnExecFrom(FIRST_BESIDES_STDIO);
  for (const descriptor of descriptors) keepOnExec(descriptor);
  faultPoint('enter.program');
  hideWhatFollows(program);
  const {spawn} = process.getBuiltinModule('node:child_process');
  const child = spawn(program.path, [], {
    argv0: 'rkt-enter',
    stdio: STREAMS.map((stream) => (onTerminal.includes(stream) ? inside.number : stream)),
    env: {},
    detached: true,
  });
  for (const descriptor of descriptors) closeSync(descriptor);
  for (const file of [program, inside]) file.close();
  return relayTerminal({child, outside: outside.release(), streams: onTerminal});
};
