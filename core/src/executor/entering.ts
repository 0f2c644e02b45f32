/** Its value tells where this process finds what it has to go on with, see {@link file://./resume-entering.ts}. */
export const ENTERING = 'RKT_ENTERING';

/** Whether this process was started to go on with an `enter` that another one has begun. */
export const isEntering = (): boolean => process.env[ENTERING] !== undefined;
