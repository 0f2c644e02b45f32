import process from 'node:process';

/** As most have it. What is made says its mode, and this one takes nothing from it that anybody would want. */
const UMASK = 0o022;

let callers = UMASK;

/** Whatever umask the caller has, what rkt makes has the mode that the code says. Apps and their supervisors get one of their own. */
export const setUmask = (): void => {
  callers = process.umask(UMASK);
};

/** The mode of a file that the caller asked for: its umask counts, but for who has made the file. */
export const outputMode = (): number => (0o644 & ~callers) | 0o600;
