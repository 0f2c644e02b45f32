import type {HostFacts} from '@rkt/plugin-sdk';

/** The major version, `NaN` where it is not told. */
export const systemdVersion = ({programs}: HostFacts): number =>
  Number.parseInt(programs['systemd-nspawn']?.version ?? '0', 10);
