import type {Annotation} from './annotations.ts';

/** The annotation of an app in a pod manifest: within how many seconds at most it says again that it is alive, as sd_notify(3) does (`30s`). */
export const WATCHDOG_ANNOTATION = 'coreos.com/rkt/watchdog';

const MOST = 1_000_000;

export const isWatchdog = (seconds: number): boolean => Number.isInteger(seconds) && seconds >= 1 && seconds <= MOST;

/** `undefined`: it is no such time. */
export const readWatchdog = (text: string): number | undefined => {
  const seconds = Number(/^(\d{1,7})s$/.exec(text)?.[1]);
  return isWatchdog(seconds) ? seconds : undefined;
};

/** That of an app, by its annotations, which have been checked. Default: nobody waits for it to say so. */
export const watchdogOf = (annotations: readonly Annotation[] | null | undefined): number | undefined =>
  readWatchdog(annotations?.find(({name}) => name === WATCHDOG_ANNOTATION)?.value ?? '');
