import type {Step, StepKind} from '../contract/step.ts';

/** The step of one kind. */
export type StepOf<K extends StepKind> = Extract<Step, {do: K}>;

/** What the operator should know about a step that succeeded: one sentence each (appc EX-11). */
export type Notes = readonly string[];

export const NOTHING: Notes = [];
