import {RktError} from '../../rkt-error.ts';
import {readStored, type StoredForm, type StoredForms} from './stored.ts';

/** {@link readStored} of a pod that only stands for others: what is damaged counts as absent, and is told by whoever needs that very pod. */
export const readIfWhole = <F extends StoredForm>(directory: string, form: F): StoredForms[F] | undefined => {
  try {
    return readStored(directory, form);
  } catch (error) {
    if (error instanceof RktError) return undefined;
    throw error;
  }
};
