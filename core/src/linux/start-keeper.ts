import {readSync} from 'node:fs';
import {childEnd} from './child-end.ts';
import {mayReturn} from './may-return.ts';
import {pipe} from './pipe.ts';
import {requireProgram} from './programs.ts';

/** What ends a program when this process ends. */
export interface Keeper {
  /** It is not needed any more. Resolves when nothing of it is left. */
  release(): Promise<void>;
  /** The same, without giving Node.js a turn. The program has to be gone, and its parent to know. */
  releaseNow(): void;
  /** Node.js need not wait for its end. */
  unref(): void;
  /** A descriptor for the program to have besides its own: as long as somebody has it, somebody is left. The program has to lead a process group, which is killed with it. */
  readonly held?: number;
}

/**
 * Starts what ends a program together with this process, however that ends: a program may go on for ever with what a stranger made, and nobody else would know of it.
 * Called where a program is started in isolation (isolated.ts), before it: so it is the first process of their pid namespace, with whose end the kernel ends all others. It reads a
 * pipe that nobody but this process can write to. A signal at the death of a parent would be forgotten at an execve whose real user is another than its effective one.
 * Where this process could not come back from it, the program has such a namespace by itself and ends with this process (in-own-namespaces.ts), and all there is to keep is when.
 * @returns `undefined` where there is no such namespace
 */
export const startKeeper = (): Keeper | undefined => {
  if (process.geteuid?.() !== 0) return undefined;
  if (!mayReturn()) return watchEnd();
  const {spawn} = process.getBuiltinModule('node:child_process');
  const {read, write} = pipe();
  using input = read;
  try {
    const stdio = [input.number, input.number, input.number];
    const keeper = spawn(requireProgram('cat'), [], {stdio, env: {}, cwd: '/'});
    const ended = new Promise<void>((resolve) => {
      keeper.once('exit', () => resolve());
      // The program is going to fail for the same reason, or has to do without.
      keeper.once('error', () => resolve());
    });
    return {
      release: () => {
        write.close();
        return ended;
      },
      unref: () => keeper.unref(),
      releaseNow: () => {
        write.close();
        if (keeper.pid !== undefined) childEnd(keeper);
      },
    };
  } catch (error) {
    write.close();
    throw error;
  }
};

const watchEnd = (): Keeper => {
  const {read, write} = pipe();
  const releaseNow = (): void => {
    write.close();
    using end = read;
    const bytes = Buffer.alloc(64);
    while (readSync(end.number, bytes) > 0);
  };
  return {
    release: async () => releaseNow(),
    releaseNow,
    unref: () => {},
    held: write.number,
  };
};
