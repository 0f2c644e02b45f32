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
 * Those that without a user namespace make an app as good as root of the host, whatever it sees of files, devices and processes: by code in the kernel (modules, bpf), by the
 * memory of the kernel and others (perf), by the ports of devices, by whatever file of a mounted file system (handles). Not so those that do what their names say to the network,
 * the clock or the audit of the host; nor CAP_MAC_ADMIN, since no policy that it could change is what keeps a pod; nor CAP_SYS_BOOT, which ends a host, or a pod that has pids
 * of its own: it loads another kernel only where the filter is widened, too (kexec_load).
 */
export const AS_GOOD_AS_ROOT: readonly Capability[] = [
  ...REACHING,
  'CAP_BPF',
  'CAP_DAC_READ_SEARCH',
  'CAP_PERFMON',
  'CAP_SYS_MODULE',
  'CAP_SYS_RAWIO',
];

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
