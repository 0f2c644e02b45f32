import {EXIT_RKT} from '../rkt-error.ts';
import type {Context} from './context.ts';
import {reportError} from './report-error.ts';

/**
 * Does something to each of several pods; a pod that it fails for does not keep it from the others. Returns the exit code.
 * @param act its result is shown where one was asked for; `undefined`: there is nothing to show
 */
export const forEachPod = async (
  {format, debug, output}: Context,
  command: string,
  pods: readonly string[],
  act: (text: string) => Promise<object | undefined>,
): Promise<number> => {
  const results: object[] = [];
  let failures = 0;
  for (const text of pods) {
    try {
      const result = await act(text);
      if (result !== undefined) results.push(result);
    } catch (error) {
      failures++;
      reportError(error, {format, debug, command});
    }
  }
  if (format !== 'text') output.value(results, format);
  return failures > 0 ? EXIT_RKT : 0;
};
