import test, {type ExecutionContext, type Implementation, type TestFn} from 'ava';
import {skippedTitle} from '../runner/skipped-title.ts';

type Declare<Context> = (title: string, run: Implementation<[], Context>) => void;

const declared = <Context>(
  declare: Declare<Context> & {readonly skip: Declare<Context>},
  obstacle: string | undefined,
): Declare<Context> =>
  obstacle === undefined ? declare : (title, run) => declare.skip(skippedTitle(title, obstacle), run);

/**
 * Declares a test that this host may be unable to run. With an obstacle (a reason, as `lacks` gives it) the test is reported as skipped, with
 * the reason at the end of the run; without one it is an ordinary test.
 *
 *     testIf(lacks('root', 'cgroup/memory'))('EX-57 …', async (t) => { … });
 */
export const testIf = <Context = unknown>(obstacle: string | undefined): Declare<Context> =>
  declared(test as unknown as TestFn<Context>, obstacle);

/** Like `testIf`, for tests that must not run beside others of their file. */
export const serialTestIf = <Context = unknown>(obstacle: string | undefined): Declare<Context> =>
  declared((test as unknown as TestFn<Context>).serial, obstacle);

export type Test = ExecutionContext;
