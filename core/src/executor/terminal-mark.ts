/** The variable that a process gets which is started again on a terminal of its own: the number of the process that has started it, and words about what that one has found. */
export const TERMINAL_MARK = 'RKT_TERMINAL_OF';

/** What the parent has found out, if this process is the one that it started again on a terminal of its own; otherwise `undefined`. */
export const foundBefore = (): readonly string[] | undefined => {
  const [parent, ...found] = (process.env[TERMINAL_MARK] ?? '').split(' ');
  return parent === String(process.ppid) ? found : undefined;
};

/** Whether this process was started again by its parent, on a terminal of its own. */
export const isStartedAnew = (): boolean => foundBefore() !== undefined;
