import type {Annotation} from './annotations.ts';

/** What happens when an app ends; appc has no field for it. */
export const RESTARTS = ['no', 'on-failure', 'always'] as const;
export type Restart = (typeof RESTARTS)[number];

/** The annotation of an app in a pod manifest that says so. */
export const RESTART_ANNOTATION = 'coreos.com/rkt/restart';

export const isRestart = (text: string): text is Restart => (RESTARTS as readonly string[]).includes(text);

/** The restart policy of an app by its annotations, which have been checked. Default `no`. */
export const restartOf = (annotations: readonly Annotation[] | null | undefined): Restart => {
  const value = annotations?.find(({name}) => name === RESTART_ANNOTATION)?.value;
  return value !== undefined && isRestart(value) ? value : 'no';
};
