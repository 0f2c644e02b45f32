import type {Declaration} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import {CAPABILITIES} from '../../contract/kernel-names.ts';
import type {Examination} from './examine-flavor.ts';

/** What engines ask a runtime for: the "Features structure" of the OCI runtime specification, features.md and features-linux.md, of which this has what rkt has a word for. */
export interface OciFeatures {
  readonly ociVersionMin: string;
  readonly ociVersionMax: string;
  readonly hooks: readonly string[];
  readonly mountOptions: readonly string[];
  readonly linux: {
    readonly namespaces: readonly string[];
    readonly capabilities: readonly string[];
    readonly cgroup: Readonly<Record<'v1' | 'v2' | 'systemd' | 'systemdUser' | 'rdma', boolean>>;
    readonly seccomp: {
      readonly enabled: boolean;
      readonly actions: readonly string[];
      readonly operators: readonly string[];
      readonly archs: readonly string[];
      readonly knownFlags: readonly string[];
      readonly supportedFlags: readonly string[];
    };
    readonly apparmor: Enabled;
    readonly selinux: Enabled;
    readonly intelRdt: Enabled;
    readonly mountExtensions: {readonly idmap: Enabled};
    readonly netDevices: Enabled;
  };
  readonly annotations: Readonly<Record<string, string>>;
}

interface Enabled {
  readonly enabled: boolean;
}

/** Of the specification in whose words the features are. rkt itself takes no `config.json` of any version, which is said in the annotations. */
const SPECIFICATION = '1.3.0';

const ARCHITECTURES: {readonly [A in HostFacts['arch']]: string} = {
  x86_64: 'SCMP_ARCH_X86_64',
  aarch64: 'SCMP_ARCH_AARCH64',
};

const ANNOTATION = 'coreos.com/rkt';

/**
 * The promises of a flavor that hold on a host, as features of a runtime. Each is of a verdict of the examination or of a property; nothing is added for what the host's kernel alone could do.
 * @param examination of the flavor on the host
 */
export const ociFeatures = (
  {name, version, properties}: Pick<Declaration, 'name' | 'version' | 'properties'>,
  {usable, verdicts}: Examination,
  {arch, rootless}: Pick<HostFacts, 'arch' | 'rootless'>,
): OciFeatures => {
  const holds = (...names: readonly string[]): boolean =>
    verdicts.some(({name: each, here}) => names.includes(each) && (here === 'enforced' || here === 'equivalent'));
  const is = (property: Declaration['properties'][number]): boolean => properties.includes(property);
  const limits = holds(...verdicts.map((each) => each.name).filter((each) => each.startsWith('resource/')));
  const filters = holds('os/linux/seccomp-retain-set', 'os/linux/seccomp-remove-set');
  const namespaces: Readonly<Record<string, boolean>> = {
    ipc: is('own-ipc') || holds('ipc/private'),
    // No plan mounts anything before it has left that of the host.
    mount: true,
    network: is('own-network') || holds('network/none'),
    pid: is('own-pid') || holds('pid/private'),
    user: is('own-user-ids') || holds('user-namespace') || (rootless !== undefined && is('rootless')),
    uts: holds('hostname'),
  };
  return {
    ociVersionMin: SPECIFICATION,
    ociVersionMax: SPECIFICATION,
    hooks: [],
    mountOptions: holds('volume/host') ? ['bind', 'rbind', 'ro', 'rw'] : [],
    linux: {
      namespaces: Object.keys(namespaces).filter((each) => namespaces[each] === true),
      capabilities: holds('os/linux/capabilities-retain-set', 'os/linux/capabilities-remove-set')
        ? [...CAPABILITIES]
        : [],
      // Which of the two a host has makes no difference to rkt; nobody is asked to make one.
      cgroup: {v1: limits, v2: limits, systemd: false, systemdUser: false, rdma: false},
      seccomp: {
        enabled: filters,
        actions: filters ? ['SCMP_ACT_ALLOW', 'SCMP_ACT_ERRNO', 'SCMP_ACT_KILL_PROCESS'] : [],
        operators: [],
        archs: filters ? [ARCHITECTURES[arch]] : [],
        knownFlags: [],
        supportedFlags: [],
      },
      apparmor: {enabled: holds('os/linux/apparmor-profile')},
      selinux: {enabled: holds('os/linux/selinux-context')},
      intelRdt: {enabled: false},
      mountExtensions: {idmap: {enabled: false}},
      netDevices: {enabled: false},
    },
    annotations: {
      [`${ANNOTATION}/config.json`]: 'none is taken: pods are of images and flags, or of an appc pod manifest',
      [`${ANNOTATION}/flavor`]: name,
      [`${ANNOTATION}/flavor-version`]: version,
      [`${ANNOTATION}/properties`]: properties.join(','),
      [`${ANNOTATION}/usable`]: String(usable),
      ...Object.fromEntries(verdicts.map((each) => [`${ANNOTATION}/${each.kind}/${each.name}`, each.here])),
    },
  };
};
