/** Variable by which a process begins anew on a terminal of its own: the process that has started it, and what that has found for it, a word each. */
export const TERMINAL_MARK = 'RKT_TERMINAL_OF';

/** What the parent found that has done before what this process does again, on a terminal of its own. `undefined`: nobody has. */
export const foundBefore = (): readonly string[] | undefined => {
  const [parent, ...found] = (process.env[TERMINAL_MARK] ?? '').split(' ');
  return parent === String(process.ppid) ? found : undefined;
};

/** Whether this process does again what its parent has done before. */
export const isStartedAnew = (): boolean => foundBefore() !== undefined;
