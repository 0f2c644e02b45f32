import * as z from 'zod/mini';
import {parseNumberList} from '../number-list.ts';

const LISTS = 'numbers and ranges of them, ascending, such as "0-2,5"';

/** Numbers of processors or memory nodes, which a manifest has as text and the contract one by one. */
export const numberList = <Value>(named: (numbers: number[]) => Value) =>
  z.lazy(() =>
    z.pipe(
      z.string(LISTS),
      z.transform((text, context) => {
        const numbers = parseNumberList(text);
        if (numbers !== undefined) return named(numbers);
        context.issues.push({code: 'custom', message: LISTS, input: text});
        return z.NEVER;
      }),
    ),
  );
