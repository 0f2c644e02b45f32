import type {HostFacts, Pod} from '@rkt/plugin-sdk';
import {systemdVersion} from './systemd-version.ts';

/** systemd-nspawn shows it only in the host's network namespace. */
export const APPARMOR = '/sys/module/apparmor';
/** Where systemd looks whether the kernel has AppArmor: if it does not find that, it starts apps without their profiles. */
export const APPARMOR_ENABLED = `${APPARMOR}/parameters/enabled`;

export const hasProfile = ({apps}: Pod): boolean => apps.some(({process}) => process.apparmorProfile !== undefined);

/** The first that loads its library when it needs it: where that is missing it starts apps without their profiles. */
const FIRST_WITHOUT_LIBRARY = 258;

/** Whether the pod's systemd is the one whose features are known, which are those of systemd-nspawn, and cannot do without a profile. */
export const appliesProfiles = (pod: Pod, host: HostFacts): boolean =>
  systemdVersion(host) < FIRST_WITHOUT_LIBRARY &&
  (pod.stage1 === undefined || host.programs['systemd-nspawn']?.through !== undefined);
