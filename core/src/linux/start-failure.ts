import type {ChildProcess} from 'node:child_process';

/** Why a child that has just been asked for could not be started; `undefined` if it was. One that was not may have no streams. */
export const startFailure = async (child: ChildProcess): Promise<Error | undefined> =>
  child.pid === undefined ? new Promise((resolve) => child.once('error', resolve)) : undefined;
