import type {Flags} from '../command.ts';

/** Flags of `run`, `prepare` and `plan` for the whole pod. */
export const podFlags = {
  'allow-degraded': {
    type: 'list',
    value: 'NAME,…',
    help: 'isolators and features that may be missing where the flavor or this host cannot give them',
  },
  'allow-symlinks': {type: 'boolean', help: 'follow symbolic links in the sources of host volumes'},
  'inherit-env': {type: 'boolean', help: 'pass on the environment of rkt, below what images and flags set'},
  'log-size': {
    type: 'string',
    value: 'SIZE',
    help: 'how many bytes of each log of --stdout=log are kept, 8Mi by default (units as of --memory); up to twice that is on the disk',
  },
  'no-overlay': {type: 'boolean', help: 'give each app a copy of its files instead of an overlay'},
  'no-store': {type: 'boolean', hidden: true, help: 'deprecated, see --pull-policy=update'},
  'pod-name': {
    type: 'string',
    value: 'NAME',
    help: 'a name for the pod, which no other pod has; commands take it instead of the UUID',
  },
  'pod-manifest': {type: 'string', value: 'FILE', help: 'run this pod manifest (JSON or YAML) instead of images'},
  port: {
    type: 'list',
    value: 'NAME:[HOSTIP:]HOSTPORT',
    help: "which port of the host is which of the image's, of those that a service manager passes (socket activation); nothing is forwarded yet",
  },
  'private-users': {
    type: 'boolean',
    help: 'give the pod users and groups of its own: its root is nobody on the host; files keep their owners on disk',
  },
  'pull-policy': {
    type: 'string',
    value: 'POLICY',
    choices: ['never', 'new', 'update'],
    help: 'when to fetch an image: never; if it is new, so not in the store (the default); or always, to update it',
  },
  rm: {
    type: 'boolean',
    help: 'when the pod has exited, the next rkt gc removes it without a grace period, and so does the next pod of its --pod-name',
  },
  'set-env': {type: 'list', value: 'NAME=VALUE', help: 'set a variable in all apps'},
  'set-env-file': {type: 'list', value: 'FILE', help: 'set the variables of a file (NAME=VALUE lines) in all apps'},
  stage1: {
    type: 'string',
    value: 'NAME|PATH|IMAGE',
    help: 'the flavor that runs the pod: its name, package or path; or an image made for one (rkt flavor build) or for rkt, by ID, file, or a name with a "/": its programs are root of the host',
  },
  'stage1-from-dir': {type: 'string', value: 'FILE', help: 'as in rkt: a file of the directory of stage1 images'},
  'stage1-hash': {type: 'string', value: 'HASH', help: 'as in rkt: a stage1 image of the store'},
  'stage1-name': {type: 'string', value: 'NAME', help: 'as in rkt: coreos.com/rkt/stage1-fly and the like'},
  'stage1-path': {type: 'string', value: 'PATH', help: 'as in rkt: the path of a flavor or stage1 image'},
  'stage1-url': {
    type: 'string',
    value: 'URL',
    help: 'as in rkt: the URL of a stage1 image, of a file alone (file://…)',
  },
  'store-only': {type: 'boolean', hidden: true, help: 'deprecated, see --pull-policy=never'},
  volume: {
    type: 'list',
    value: 'NAME,kind=KIND,…',
    help:
      'a volume of the pod: NAME,kind=host,source=PATH[,readOnly=BOOL][,recursive=BOOL][,propagation=private|slave|shared] or ' +
      'NAME,kind=empty[,mode=0755][,uid=0][,gid=0], which begins with what a docker image has there; %2C is a comma',
  },
} as const satisfies Flags;

/** Flags of `run` and `run-prepared`. */
export const runFlags = {
  dns: {type: 'list', value: 'IP,…|host|none', help: "name servers for resolv.conf, or the host's file, or none"},
  'dns-domain': {type: 'string', value: 'DOMAIN', help: 'domain for resolv.conf'},
  'dns-opt': {type: 'list', value: 'OPTION', help: 'option for resolv.conf'},
  'dns-search': {type: 'list', value: 'DOMAIN', help: 'search domain for resolv.conf'},
  'hosts-entry': {type: 'list', value: 'IP=HOST,…|host', help: "entries for /etc/hosts, or the host's file"},
  hostname: {type: 'string', value: 'NAME', help: 'host name of the pod (default rkt-UUID)'},
  interactive: {type: 'boolean', help: 'attach the terminal; of several apps, to the one with --stdin=tty'},
  ipc: {
    type: 'string',
    value: 'MODE',
    choices: ['auto', 'private', 'parent'],
    default: 'auto',
    help: "the pod's own IPC namespace or the host's; auto leaves it to the flavor",
  },
  'mds-register': {type: 'boolean', help: 'as in rkt; refused, because there is no metadata service yet'},
  net: {
    type: 'optional',
    value: 'NAME[:ARGS],…',
    implied: 'default',
    help:
      'host or none; by default the host\'s where the flavor has it ("rkt flavor list"). Others (default, default-restricted, all, names with arguments: net:K=V;K2=V2) ' +
      'are not there yet, but for stage1 images made for rkt',
  },
  'no-template': {
    type: 'boolean',
    help: 'boot the machine of a pod that has one, and do not go on from one that was booted before',
  },
  'uuid-file-save': {type: 'string', value: 'FILE', help: "write the pod's UUID to a file"},
} as const satisfies Flags;

const outputFlag = (name: string) =>
  ({
    type: 'string',
    perImage: true,
    value: 'WHERE',
    choices: ['journal', 'log', 'null', 'stream', 'tty'],
    help:
      `where ${name} goes: journal, a journal of the pod; log, a file of the pod, of bounded size; null, nowhere; stream, where that of rkt goes ` +
      '(the default, but log for an app of an --interactive pod of several that has not the terminal); tty, the terminal of an --interactive pod',
  }) as const;

/** Flags that belong to the image before them. */
export const appFlags = {
  'accept-image': {
    type: 'list',
    perImage: true,
    value: 'ISOLATOR,…',
    help: 'isolators by which the image may have more than the defaults, which is refused otherwise; before the first image, for all images',
  },
  annotation: {type: 'list', perImage: true, value: 'NAME=VALUE', help: 'set an annotation of the app'},
  'cap-remove': {type: 'string', perImage: true, hidden: true, help: 'deprecated, see --caps-remove'},
  'cap-retain': {type: 'string', perImage: true, hidden: true, help: 'deprecated, see --caps-retain'},
  'caps-remove': {type: 'string', perImage: true, value: 'CAP,…', help: 'capabilities to take from the default set'},
  'caps-retain': {type: 'string', perImage: true, value: 'CAP,…', help: 'the only capabilities to keep'},
  cpu: {
    type: 'string',
    perImage: true,
    value: 'CORES',
    help: 'limit of processor time, in cores: 2, 0.5, or 500m, which are thousandths',
  },
  'cpu-shares': {
    type: 'string',
    perImage: true,
    value: 'N',
    help: 'weight of processor time among pods, 2 to 262144, where 1024 is usual',
  },
  'cpuset-cpus': {
    type: 'string',
    perImage: true,
    value: 'LIST',
    help: "the only ones of the host's processors to run on: 0-2,5",
  },
  'cpuset-mems': {
    type: 'string',
    perImage: true,
    value: 'LIST',
    help: "the only ones of the host's memory nodes to have memory of: 0",
  },
  environment: {type: 'list', perImage: true, value: 'NAME=VALUE', help: 'set a variable of the app'},
  exec: {type: 'string', perImage: true, value: 'PROGRAM', help: "run this instead of the image's program"},
  group: {type: 'string', perImage: true, value: 'GROUP', help: 'run as this group: a name, number, or path of a file'},
  hugepages: {
    type: 'string',
    perImage: true,
    value: 'SIZE=BYTES,…',
    help: 'limit of huge pages, for each size of page: 2Mi=64Mi,1Gi=0',
  },
  memory: {
    type: 'string',
    perImage: true,
    value: 'BYTES',
    help: 'limit of memory, in bytes: 64Mi (Ki, Mi, Gi, Ti are of 1024) or 500M (k, M, G, T are of 1000)',
  },
  mount: {
    type: 'list',
    perImage: true,
    value: 'volume=NAME,target=PATH',
    help: 'mount a volume in the app; before the first image, in all apps',
  },
  name: {type: 'string', perImage: true, value: 'NAME', help: 'name of the app (default: from the name of the image)'},
  'oom-score-adj': {type: 'string', perImage: true, value: 'N', help: 'how readily the kernel kills it, -1000 to 1000'},
  pids: {type: 'string', perImage: true, value: 'N', help: 'limit of processes and threads'},
  'readonly-rootfs': {type: 'boolean', perImage: true, help: "make the app's root file system read-only"},
  restart: {
    type: 'string',
    perImage: true,
    value: 'POLICY',
    choices: ['no', 'on-failure', 'always'],
    help: 'start the app again a second after it has ended: no (the default), on-failure, or always, until the pod is stopped',
  },
  'restart-limit': {
    type: 'string',
    perImage: true,
    value: 'N/DURATION',
    help: 'with --restart: start it again at most N times within this time (5/10m); its next end is that of the pod, with its status, or 1 if that is 0',
  },
  rlimit: {
    type: 'list',
    perImage: true,
    value: 'NAME=SOFT[:HARD]',
    help: 'a resource limit as in setrlimit(2): nofile=1024:4096, core=unlimited (default: of nofile 1024, the others of the caller)',
  },
  seccomp: {
    type: 'string',
    perImage: true,
    value: 'mode=MODE[,errno=E],CALL,…',
    help: 'filter of system calls: mode is retain or remove, CALL a name or a set such as @appc.io/all',
  },
  signature: {
    type: 'string',
    perImage: true,
    value: 'FILE',
    help: 'as in rkt; refused, because signatures are not checked yet',
  },
  stderr: outputFlag('standard error'),
  stdin: {
    type: 'string',
    perImage: true,
    value: 'WHENCE',
    choices: ['null', 'stream', 'tty'],
    help:
      'what standard input is: null, empty (the default in a pod of several apps); stream, that of rkt (the default in a pod of one), for one app of the ' +
      'pod; tty, the terminal of an --interactive pod, likewise',
  },
  stdout: outputFlag('standard output'),
  'supplementary-gids': {type: 'string', perImage: true, value: 'GID,…', help: 'further groups to run with'},
  user: {type: 'string', perImage: true, value: 'USER', help: 'run as this user: a name, number, or path of a file'},
  'user-annotation': {type: 'list', perImage: true, value: 'NAME=VALUE', help: "set a user's annotation of the app"},
  'user-label': {type: 'list', perImage: true, value: 'NAME=VALUE', help: "set a user's label of the app"},
  watchdog: {
    type: 'string',
    perImage: true,
    value: 'DURATION',
    help: 'end the app (SIGABRT) when it has not said for so long that it is alive, as sd_notify(3) does: WATCHDOG=1',
  },
  'working-dir': {type: 'string', perImage: true, value: 'PATH', help: 'working directory of the app'},
} as const satisfies Flags;
