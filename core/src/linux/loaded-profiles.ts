import {readFileSync} from 'node:fs';
import {labelRefused} from './errors.ts';
import type {Labels} from './security-labels.ts';
import {isErrno} from './syscall-error.ts';

/** One in each line, with its mode. Of securityfs: who sees none of it, as in a container, does not know what is loaded. */
const PROFILES = '/sys/kernel/security/apparmor/profiles';

/**
 * Looks for the profile of a process among those that AppArmor has, where they are shown; of other namespaces of its policy none is looked for.
 * @throws RKT_LABEL_REFUSED
 */
export const requireLoadedProfile = ({apparmorProfile: profile}: Labels, file = PROFILES): void => {
  if (profile === undefined) return;
  const loaded = loadedProfiles(file);
  const missing = profile.split('//&').find((name) => !/^:|^unconfined$/.test(name) && loaded?.has(name) === false);
  if (missing !== undefined) throw labelRefused('AppArmor', profile, new Error(`"${missing}" is not loaded`));
};

const loadedProfiles = (file: string): ReadonlySet<string> | undefined => {
  try {
    const lines = readFileSync(file, 'utf8').split('\n');
    return new Set(lines.map((line) => line.replace(/ \([a-z]+\)$/, '')));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
};
