import type {HostFacts} from '../contract/host.ts';
import type {Location} from '../contract/location.ts';
import type {Step} from '../contract/step.ts';

const at = (location: Location): string => {
  switch (location.in) {
    case 'host':
      return location.path;
    case 'pod':
      return `<pod>/${location.path}`;
    case 'rootfs':
      return `<${location.app}>${location.path}`;
  }
};

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
const owner = ({mode, uid, gid}: {mode: number; uid: number; gid: number}): string => `${octal(mode)} ${uid}:${gid}`;
const list = (words: readonly string[]): string => (words.length === 0 ? '' : ` ${words.join(',')}`);
const pairs = (record: Readonly<Record<string, unknown>>): string =>
  list(Object.entries(record).map(([key, value]) => `${key}=${value}`));

/** A step of a plan in one line: what it does on a host, without its id. `<pod>` is the pod's directory, `<NAME>` the rootfs of an app. */
export const describeStep = (step: Step, {cgroup}: Pick<HostFacts, 'cgroup'>): string => {
  switch (step.do) {
    case 'bind':
      return `bind ${at(step.source)} to ${at(step.target)}${step.recursive ? ', recursively' : ''}${step.propagation === undefined ? '' : `, ${step.propagation}`}${list(step.flags)}`;
    case 'cgroup':
      if (cgroup.mode === 'none') return 'no cgroup: there are none here';
      return `cgroup ${step.path}${pairs(step.limits)}${step.devices === undefined ? '' : `, only ${step.devices.length} devices`}${step.join ? ', joined' : ''}${step.owner === undefined ? '' : `, owned by ${step.owner}`}`;
    case 'check-program':
      return `check the program of <${step.app}>`;
    case 'device':
      return `device ${at(step.target)} ${step.type} ${step.major}:${step.minor} ${owner(step)}`;
    case 'disk-image':
      return `bind a file system image of ${step.layers.join(' over ')} to <pod>/${step.target}`;
    case 'host-tree':
      return step.tree !== undefined
        ? `bind the image's ${step.tree} to <pod>/${step.target}`
        : `bind a tree of the host's ${step.programs.join(', ')} to <pod>/${step.target}`;
    case 'hostname':
      return `host name ${step.name}`;
    case 'id-map':
      return `ids of the pod: 0 to ${step.count - 1} are the host's ${step.base} to ${step.base + step.count - 1}`;
    case 'init':
      return `first process <pod>/${step.target}: hides ${step.maskedPaths.length} paths, makes ${step.readOnlyPaths.length} read-only,${step.needs?.length ? ` looks for${list(step.needs)},` : ''} and becomes ${step.argv.join(' ')}`;
    case 'keep-mounts':
      return `detach what is mounted elsewhere than at, above or below${list([...step.paths, '<pod>'])}`;
    case 'mask':
      return `hide ${step.paths.length} paths of <${step.app}>:${list(step.paths)}`;
    case 'mkdir':
      return `directory ${at(step.target)} ${owner(step)}`;
    case 'mount':
      return `mount ${step.type} at ${at(step.target)}${list(step.flags)}${pairs(step.options)}`;
    case 'namespace':
      return `leave the host's namespaces:${list(step.unshare)}`;
    case 'overlay':
      return `overlay at <pod>/${step.target}: ${[`<pod>/${step.upper}`, ...step.lower].join(' over ')}`;
    case 'protect':
      return `make ${step.paths.length} paths of <${step.app}> read-only:${list(step.paths)}`;
    case 'remount':
      return `remount ${at(step.target)}${list(step.flags)}`;
    case 'symlink':
      return `symlink ${at(step.target)} to ${step.to}${step.ifAbsent ? ', if nothing is there' : ''}`;
    case 'sysctl':
      return `sysctl ${step.key}=${step.value}`;
    case 'tap':
      return `tap ${step.device} of the network ${step.namespace}`;
    case 'template':
      return `bind what ${step.command[0]} makes once to <pod>/${step.target}`;
    case 'write':
      return `write ${at(step.target)} ${owner(step)}, ${Buffer.byteLength(step.content)} bytes${step.filters?.length ? `, and ${step.filters.length} compiled filters` : ''}`;
  }
};
