/** Variable that names the process that has started this one on a terminal of its own. */
export const TERMINAL_MARK = 'RKT_TERMINAL_OF';

/** Whether this process does again what its parent has done before, on a terminal of its own. */
export const isStartedAnew = (): boolean => process.env[TERMINAL_MARK] === String(process.ppid);
