import type {Isolators} from '../../contract/isolators.ts';
import {CAPABILITIES} from '../../contract/kernel-names.ts';
import type {Capability, Process} from '../../contract/process.ts';

/** What an app without a capability isolator has (appc EX-48). */
export const DEFAULT_CAPABILITIES: readonly Capability[] = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

/** Those over whatever process, or mount, an app can see. */
export const REACHING: readonly Capability[] = ['CAP_SYS_ADMIN', 'CAP_SYS_PTRACE'];

/**
 * The capability sets of an app: bounding as the isolators say (all with `unrestricted`), in the order of their numbers; effective the same for uid 0,
 * none for others, who may still gain them from files unless no-new-privileges is set.
 */
export const compileCapabilities = (
  isolators: Isolators,
  {uid, unrestricted}: {readonly uid: number; readonly unrestricted: boolean},
): Process['capabilities'] => {
  const wanted = new Set(unrestricted ? CAPABILITIES : allowed(isolators));
  const bounding = CAPABILITIES.filter((capability) => wanted.has(capability));
  return {bounding, effective: uid === 0 ? bounding : [], ambient: []};
};

const allowed = (isolators: Isolators): readonly Capability[] => {
  const retain = isolators['os/linux/capabilities-retain-set']?.set;
  if (retain !== undefined) return retain;
  const remove = new Set(isolators['os/linux/capabilities-remove-set']?.set);
  return DEFAULT_CAPABILITIES.filter((capability) => !remove.has(capability));
};
