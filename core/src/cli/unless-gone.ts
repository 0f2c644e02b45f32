import {RktError} from '../rkt-error.ts';

/** What is done to each of all pods: to one that is gone when its turn comes, nothing, as it is what was asked for. */
export const unlessGone =
  <T>(act: (pod: string) => Promise<T>) =>
  async (pod: string): Promise<T | undefined> => {
    try {
      return await act(pod);
    } catch (error) {
      if (error instanceof RktError && error.code === 'RKT_POD_UNKNOWN') return undefined;
      throw error;
    }
  };
