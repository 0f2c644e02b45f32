import type {HostFacts} from '@rkt/plugin-sdk';

export const SYSTEMD = '/usr/lib/systemd/systemd';
/** Since systemd 255 each service is started by a program of its own. */
export const EXECUTOR = '/usr/lib/systemd/systemd-executor';
const FIRST_WITH_EXECUTOR = 255;

/**
 * The major version of the pod's systemd, `NaN` where it is not told. It is that of systemd-nspawn, but of an image that has none, for which the host's knows nothing: there it is taken for the newest or
 * the oldest that has the programs of the image.
 */
export const systemdVersion = ({programs}: HostFacts): number => {
  const nspawn = programs['systemd-nspawn'];
  if (programs[SYSTEMD]?.through !== undefined && nspawn?.through === undefined)
    return programs[EXECUTOR] == null ? FIRST_WITH_EXECUTOR - 1 : FIRST_WITH_EXECUTOR;
  return Number.parseInt(nspawn?.version ?? '0', 10);
};
