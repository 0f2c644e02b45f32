import {env} from 'node:process';

/** Patience on a machine that is this many times as slow as one on which tests are usually run. */
const factor = Number(env.RKT_TEST_SLOW ?? 1);

/** As long as so many milliseconds elsewhere. */
export const slowly = (milliseconds: number): number => milliseconds * factor;
