const never = new Int32Array(new SharedArrayBuffer(4));

/** Blocks the thread. For short waits on the kernel where nothing can be waited for. */
export const sleep = (milliseconds: number): void => {
  Atomics.wait(never, 0, 0, milliseconds);
};
