import {flavorPlanTooLarge} from '../errors.ts';

/** Steps of a stage; a pod of a hundred apps has some thousands. */
export const MAX_STEPS = 20_000;
/** Characters of a plan as JSON. */
export const MAX_PLAN = 64 * 1024 * 1024;
/** Bytes of a file that a step writes, as in the contract. */
export const MAX_CONTENT = 1024 * 1024;

/**
 * What hooks returned, as data and nothing else: one step after the other, so that what is too large is refused before it is made into one text.
 * @throws RKT_FLAVOR_PLAN_TOO_LARGE
 */
export const plainSteps = (flavor: string) => {
  let total = 0;
  const plain = (where: string, value: unknown): unknown => {
    const content = (value as {content?: unknown} | null | undefined)?.content;
    if (typeof content === 'string' && Buffer.byteLength(content) > MAX_CONTENT)
      throw flavorPlanTooLarge(flavor, `${where}.content`, 'bytes', Buffer.byteLength(content), MAX_CONTENT);
    let text: string | undefined;
    try {
      text = JSON.stringify(value);
    } catch (error) {
      // Longer than a string can be.
      if (error instanceof RangeError) throw flavorPlanTooLarge(flavor, where, 'characters', undefined, MAX_PLAN);
      throw error;
    }
    total += text?.length ?? 0;
    if (total > MAX_PLAN) throw flavorPlanTooLarge(flavor, where, 'characters', total, MAX_PLAN);
    return text === undefined ? undefined : JSON.parse(text);
  };
  const plainList = (where: string, steps: unknown): unknown => {
    if (!Array.isArray(steps)) return plain(where, steps);
    if (steps.length > MAX_STEPS) throw flavorPlanTooLarge(flavor, where, 'steps', steps.length, MAX_STEPS);
    return steps.map((step, index) => plain(`${where}[${index}]`, step));
  };
  return {plain, plainList};
};
