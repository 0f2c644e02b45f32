import {isFinished, type PodState} from '../pod/state/states.ts';

export type Fitting = (state: PodState) => boolean;

/** Kinds of pods by what can be done to them, as `--all` and completion scripts ask for them. */
export const FITTING = {
  pods: () => true,
  'pods-exited': isFinished,
  'pods-idle': (state) => state !== 'running' && state !== 'preparing',
  'pods-prepared': (state) => state === 'prepared',
  'pods-running': (state) => state === 'running',
} as const satisfies Record<string, Fitting>;
export type FittingKind = keyof typeof FITTING;

export const isFitting = (kind: string): kind is FittingKind => Object.hasOwn(FITTING, kind);
