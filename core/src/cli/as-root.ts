import type {PodEntry} from '../pod/state/load.ts';
import {type Call, lookAsRoot, requireMember, requireOwner, requireRoot} from '../pod/verbs/require-root.ts';
import type {Context} from './context.ts';
import {describeError} from './report-error.ts';

type Caller = Pick<Context, 'dataDir' | 'format' | 'debug'>;

/** {@link requireRoot} for a command. To be called when its line has been parsed, and before it does anything. */
export const asRoot = (context: Caller, command: string): void => {
  if (process.geteuid?.() !== 0) requireRoot(callOf(context, command));
};

/** {@link requireOwner} for a command. */
export const asOwner = (context: Caller, command: string): void => {
  if (process.geteuid?.() !== 0) requireOwner(callOf(context, command));
};

/** {@link requireMember} for a command. */
export const asMember = (context: Caller, command: string, {state, supervisor}: PodEntry): void => {
  if (process.geteuid?.() !== 0) requireMember(callOf(context, command), state === 'running' ? supervisor : undefined);
};

/** {@link lookAsRoot} for a command, which goes on as the user otherwise. */
export const asRootIfCan = (
  context: Caller & Pick<Context, 'note'>,
  command: string,
  options: {readonly always?: boolean} = {},
): void => {
  if (process.geteuid?.() === 0) return;
  const refusal = lookAsRoot(callOf(context, command), options);
  if (refusal !== undefined) context.note(`${refusal.message} (${refusal.hint})`);
};

const callOf = ({dataDir, format, debug}: Caller, command: string): Call => ({
  command,
  dataDir,
  describe: (error) => describeError(error, {format, debug, command}),
});
