import type {Finding} from '../../contract/host.ts';
import {RktError} from '../../rkt-error.ts';
import {hostReasons, type Reason} from '../policy/host-reasons.ts';

/** What has been found, or that it is not there, or has no image where none can be of use. What is wrong with a flavor that is there is an error, and no reason to take a weaker one. */
export const findOrReason = async <F extends object>(
  name: string,
  find: (name: string) => Promise<F>,
): Promise<F | Reason> => {
  try {
    return await find(name);
  } catch (error) {
    if (error instanceof RktError && error.code === 'RKT_FLAVOR_NOT_FOUND')
      return {kind: 'absent', because: 'is not installed'};
    if (error instanceof RktError && error.code === 'RKT_STAGE1_IMAGE_MISSING')
      return {kind: 'absent', because: 'has no image here', ...(error.hint === undefined ? {} : {fix: error.hint})};
    if (error instanceof RktError && error.code === 'RKT_FLAVOR_HOST_LACKS') {
      const [lacks] = hostReasons(error.fields.findings as readonly Finding[]); // flavorHostLacks
      if (lacks !== undefined) return lacks;
    }
    throw error;
  }
};
