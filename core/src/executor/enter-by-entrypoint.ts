import type {ProcessIdentity} from '../contract/pod.ts';
import type {Process} from '../contract/process.ts';
import {hide} from '../linux/credentials.ts';
import {type Entrypoint, goToEntrypoint} from './call-entrypoint.ts';
import type {ExecutorContext} from './context.ts';
import {exec} from './exec.ts';
import {Made} from './made.ts';

/**
 * Becomes the `enter` entrypoint of a stage1 that was made for rkt, which joins what it thinks right. The process is the host's root, as that of `run`.
 * @param args what follows the program's name
 */
export const enterByEntrypoint = (
  supervisor: ProcessIdentity,
  entrypoint: Entrypoint,
  args: readonly string[],
  process: Process,
  context: ExecutorContext,
): never => {
  hide();
  goToEntrypoint(supervisor, entrypoint);
  const {stored: program} = entrypoint;
  return exec(
    {
      into: 'host',
      program,
      process: {...process, argv: [program, ...args]},
      passSockets: false,
      keepLock: false,
      sharesTerminal: true,
    },
    {...context, made: new Made()},
    () => {},
  );
};
