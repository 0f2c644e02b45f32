import type {Declaration} from '../../contract/declaration.ts';
import type {Support} from '../../contract/support.ts';
import type {Entrypoints} from './entrypoints.ts';

const ITS_WORD = 'that it does that is its word alone';

const handed = (mechanism: string): Support => ({level: 'unproved', mechanism, consequence: ITS_WORD});
const impossible = (consequence: string): Support => ({level: 'impossible', consequence});

const IN_MANIFEST = handed('handed to the stage1 in the pod manifest');
const IN_FLAGS = handed('handed to the stage1 by its flags');
const ITS_OWN: Support = {
  level: 'unproved',
  mechanism: 'as the stage1 makes it',
  consequence: "rkt's interface has no word for it: the stage1 is not asked for it",
};
const IGNORED = impossible('stage1 images made for rkt ignore it in silence');
const UNKNOWN = impossible("rkt's interface has no word for it");

/**
 * What a stage1 made for rkt promises: nothing that anybody could read back. What rkt's own flavors enforced, or images asked for, is handed on and told as unproved; what its interface
 * has no word for, or what every stage1 of rkt ignored, is refused.
 */
export const promisesOf = ({
  version,
  enter,
  gc,
  stop,
}: Entrypoints): Pick<Declaration, 'isolators' | 'features' | 'verbs'> => {
  const since = (first: number): Support =>
    version >= first
      ? IN_FLAGS
      : impossible(`it is for version ${version} of rkt's stage1 interface, and this came with version ${first}`);
  return {
    isolators: {
      'os/linux/apparmor-profile': IGNORED,
      'os/linux/capabilities-remove-set': IN_MANIFEST,
      'os/linux/capabilities-retain-set': IN_MANIFEST,
      'os/linux/cpu-shares': IN_MANIFEST,
      'os/linux/cpuset-cpus': UNKNOWN,
      'os/linux/cpuset-mems': UNKNOWN,
      'os/linux/no-new-privileges': IN_MANIFEST,
      'os/linux/oom-score-adj': IN_MANIFEST,
      'os/linux/seccomp-remove-set': IN_MANIFEST,
      'os/linux/seccomp-retain-set': IN_MANIFEST,
      'os/linux/selinux-context': IGNORED,
      'os/unix/rlimits': UNKNOWN,
      'os/unix/sysctl': IGNORED,
      'resource/block-bandwidth': IGNORED,
      'resource/block-iops': IGNORED,
      'resource/cpu': IN_MANIFEST,
      'resource/hugepages': UNKNOWN,
      'resource/memory': IN_MANIFEST,
      'resource/network-bandwidth': IGNORED,
      'resource/pids': UNKNOWN,
    },
    features: {
      'apps/many': IN_MANIFEST,
      'devices/policy': ITS_OWN,
      dns: since(4),
      'event-handlers': IN_MANIFEST,
      hostname: since(2),
      'ipc/host': since(6),
      'ipc/private': since(6),
      'kernel-paths/masked': ITS_OWN,
      'machine/unique': UNKNOWN,
      'network/host': IN_FLAGS,
      'network/named': IN_FLAGS,
      'network/none': IN_FLAGS,
      'network/prepared': UNKNOWN,
      notify: impossible('NOTIFY_SOCKET stays outside of stage1 images made for rkt'),
      'pid/private': ITS_OWN,
      ports: IN_MANIFEST,
      'processes/apart': ITS_OWN,
      'processes/closed': ITS_OWN,
      restart: UNKNOWN,
      watchdog: UNKNOWN,
      'rootfs/overlay': {level: 'enforced', mechanism: 'overlayfs on the shared layers of the image, mounted by rkt'},
      'rootfs/read-only': IN_MANIFEST,
      'socket-activation': handed('the sockets of LISTEN_FDS stay open in the stage1'),
      'stdio/inherited': ITS_OWN,
      'stdio/journal': UNKNOWN,
      'stdio/log': UNKNOWN,
      'stdio/stream': ITS_OWN,
      'stdio/terminal': ITS_OWN,
      user: IN_MANIFEST,
      'user-namespace': impossible('not implemented for stage1 images made for rkt'),
      'volume/device': IN_MANIFEST,
      'volume/empty': IN_MANIFEST,
      'volume/host': IN_MANIFEST,
      'volume/shared': UNKNOWN,
      'volume/slave': UNKNOWN,
      'volume/sys': IN_MANIFEST,
    },
    verbs: {
      'app-add': impossible('rkt has no such command yet'),
      'app-rm': impossible('rkt has no such command yet'),
      'app-start': impossible('rkt has no such command yet'),
      'app-stop': impossible('rkt has no such command yet'),
      attach: impossible('rkt has no such command yet'),
      enter:
        enter === undefined
          ? impossible('the stage1 has no entrypoint coreos.com/rkt/stage1/enter')
          : handed('by its entrypoint, which gets the process of its file pid, or the child of that of its file ppid'),
      'exit-status': handed('what it writes to rkt/status'),
      gc: handed(gc === undefined ? 'it has no entrypoint for it: rkt removes what it has made' : 'by its entrypoint'),
      logs: UNKNOWN,
      ready: handed('the symlink rkt/supervisor-status that it makes'),
      run: handed('by its entrypoint'),
      stats: impossible('rkt has no such command yet'),
      stop: handed(stop === undefined ? 'it has no entrypoint for it: by signals' : 'by its entrypoint, then killed'),
    },
  };
};
