const SLOT = Symbol.for('rkt.within-time');
type Slots = typeof globalThis & {[SLOT]?: (() => unknown) | undefined};

/** What did not end in time. */
export class TimedOut extends Error {
  override readonly name = 'TimedOut';
  readonly milliseconds: number;

  constructor(milliseconds: number) {
    super(`has not returned within ${milliseconds / 1000} s`);
    this.milliseconds = milliseconds;
  }
}

/**
 * Calls a function of somebody else's that may never return: it is ended then, whatever it does, unless it waits in the kernel.
 * @throws TimedOut, and what the function throws
 */
export const withinTime = <T>(call: () => T, milliseconds: number): T => {
  const {Script} = process.getBuiltinModule('node:vm');
  const slots = globalThis as Slots;
  slots[SLOT] = call;
  try {
    return new Script(`globalThis[Symbol.for('${SLOT.description}')]()`).runInThisContext({timeout: milliseconds}) as T;
  } catch (error) {
    if ((error as NodeJS.ErrnoException)?.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw new TimedOut(milliseconds);
    throw error;
  } finally {
    slots[SLOT] = undefined;
  }
};
