import type {AppView, PodView} from '../../src/api/pod.ts';
import type {viewPod} from '../../src/pod/state/view.ts';

/* What the command prints is what programs are told that it is, with every field. */

type Printed = ReturnType<typeof viewPod>;
type AppOf<T> = T extends {apps?: readonly (infer A)[]} ? A : never;

export const view = (printed: Printed): PodView => printed;
export type Fields = [
  Exclude<keyof Required<Printed>, keyof PodView>,
  Exclude<AppOf<Printed> extends infer A ? keyof A : never, keyof AppView>,
];
export const nothingMissing: [never, never] extends Fields ? true : false = true;
