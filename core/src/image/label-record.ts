import type {Label} from '../appc/labels.ts';

/** Labels by name, in their order. Names are unique (appc IM-13) and no property of objects: the schema saw to it. */
export const labelRecord = (labels: readonly Label[] | null | undefined): Record<string, string> =>
  Object.fromEntries((labels ?? []).map(({name, value}) => [name, value]));
