import type {Annotation} from './annotations.ts';

/** What happens when an app ends; appc has no field for it. */
export const RESTARTS = ['no', 'on-failure', 'always'] as const;
export type Restart = (typeof RESTARTS)[number];

/** The annotation of an app in a pod manifest that says so. */
export const RESTART_ANNOTATION = 'coreos.com/rkt/restart';

export const isRestart = (text: string): text is Restart => (RESTARTS as readonly string[]).includes(text);

/** At most so many restarts within so many seconds; the next end within them is the last, and that of the pod. */
export interface RestartLimit {
  readonly times: number;
  readonly seconds: number;
}

/** The annotation of an app in a pod manifest, beside its policy: `5/600s`. */
export const RESTART_LIMIT_ANNOTATION = 'coreos.com/rkt/restart-limit';

const MOST = 1_000_000;

export const isRestartLimit = ({times, seconds}: RestartLimit): boolean =>
  [times, seconds].every((number) => Number.isInteger(number) && number >= 1 && number <= MOST);

export const showRestartLimit = ({times, seconds}: RestartLimit): string => `${times}/${seconds}s`;

/** `undefined`: it is no limit. */
export const readRestartLimit = (text: string): RestartLimit | undefined => {
  const [, times, seconds] = /^(\d{1,7})\/(\d{1,7})s$/.exec(text) ?? [];
  const limit = {times: Number(times), seconds: Number(seconds)};
  return isRestartLimit(limit) ? limit : undefined;
};

/** How often an app is restarted, by its annotations, which have been checked. Default: as often as it ends. */
export const restartLimitOf = (annotations: readonly Annotation[] | null | undefined): RestartLimit | undefined =>
  readRestartLimit(annotations?.find(({name}) => name === RESTART_LIMIT_ANNOTATION)?.value ?? '');

/** The restart policy of an app by its annotations, which have been checked. Default `no`. */
export const restartOf = (annotations: readonly Annotation[] | null | undefined): Restart => {
  const value = annotations?.find(({name}) => name === RESTART_ANNOTATION)?.value;
  return value !== undefined && isRestart(value) ? value : 'no';
};
