import type {Flags} from '../command.ts';

/** Flags of `run`, `prepare` and `plan` for the whole pod. */
export const podFlags = {
  'allow-degraded': {
    type: 'list',
    value: 'NAME,…',
    help: 'isolators and features that the pod may run without if the flavor or this host cannot give them',
  },
  'allow-symlinks': {type: 'boolean', help: 'follow symbolic links in the sources of host volumes'},
  'inherit-env': {type: 'boolean', help: "pass rkt's own environment on to the apps; what images and flags set wins"},
  'log-size': {
    type: 'string',
    value: 'SIZE',
    help: 'how much of each log of --stdout=log is kept (default 8Mi; units as for --memory); up to twice that is on the disk',
  },
  'no-overlay': {type: 'boolean', help: 'give each app a copy of its files instead of an overlay'},
  'no-store': {type: 'boolean', hidden: true, help: 'deprecated, see --pull-policy=update'},
  'pod-name': {
    type: 'string',
    value: 'NAME',
    help: 'a name for the pod, which no other pod may have; commands take it instead of the UUID',
  },
  'pod-manifest': {type: 'string', value: 'FILE', help: 'run this pod manifest (JSON or YAML) instead of images'},
  port: {
    type: 'list',
    value: 'NAME:[HOSTIP:]HOSTPORT',
    help: 'which port of the host, of those that a service manager passes on (socket activation), is which port of the image; nothing is forwarded yet',
  },
  'private-users': {
    type: 'boolean',
    help: 'give the pod users and groups of its own: its root is an unprivileged user of the host; files keep their owners on disk',
  },
  'pull-policy': {
    type: 'string',
    value: 'POLICY',
    choices: ['never', 'new', 'update'],
    help: 'when to fetch an image: never; if it is new, that is not in the store (the default); or always, to update it',
  },
  rm: {
    type: 'boolean',
    help: 'when the pod has exited, the next rkt gc removes it without a grace period, or the next pod of the same --pod-name takes its place',
  },
  'set-env': {type: 'list', value: 'NAME=VALUE', help: 'set a variable in all apps'},
  'set-env-file': {type: 'list', value: 'FILE', help: 'set the variables of a file (NAME=VALUE lines) in all apps'},
  stage1: {
    type: 'string',
    value: 'NAME|PATH|IMAGE',
    help: 'the flavor that runs the pod, by name, package or path; or a stage1 image (of rkt flavor build, or made for rkt) by ID, by file, or by a name with a "/": its programs run as root of the host',
  },
  'stage1-from-dir': {type: 'string', value: 'FILE', help: 'as in rkt: a file in the directory of stage1 images'},
  'stage1-hash': {type: 'string', value: 'HASH', help: 'as in rkt: a stage1 image of the store'},
  'stage1-name': {type: 'string', value: 'NAME', help: 'as in rkt: coreos.com/rkt/stage1-fly and the like'},
  'stage1-path': {type: 'string', value: 'PATH', help: 'as in rkt: the path of a flavor or stage1 image'},
  'stage1-url': {
    type: 'string',
    value: 'URL',
    help: 'as in rkt: the URL of a stage1 image; only file://… is supported',
  },
  'store-only': {type: 'boolean', hidden: true, help: 'deprecated, see --pull-policy=never'},
  sysctl: {
    type: 'list',
    value: 'NAME=VALUE',
    help: "a kernel parameter of the pod's own: net.* (with --net=none), fs.mqueue.*, kernel.shm*, kernel.msg*, kernel.sem",
  },
  volume: {
    type: 'list',
    value: 'NAME,kind=KIND,…',
    help:
      'a volume of the pod: NAME,kind=host,source=PATH[,readOnly=BOOL][,recursive=BOOL][,propagation=private|slave|shared] or ' +
      'NAME,kind=empty[,mode=0755][,uid=0][,gid=0], which starts with the files that a docker image has there; write %2C for a comma',
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
  interactive: {type: 'boolean', help: 'attach the terminal; if there are several apps, to the one with --stdin=tty'},
  ipc: {
    type: 'string',
    value: 'MODE',
    choices: ['auto', 'private', 'parent'],
    default: 'auto',
    help: "private: an IPC namespace of the pod's own; parent: that of the host; auto leaves it to the flavor",
  },
  'mds-register': {type: 'boolean', help: 'as in rkt; refused, because there is no metadata service yet'},
  net: {
    type: 'optional',
    value: 'NAME[:ARGS],…',
    implied: 'default',
    help:
      'host or none; by default host, if the flavor has it ("rkt flavor list"). Other networks (default, default-restricted, all, names with arguments: net:K=V;K2=V2) ' +
      'work only with stage1 images made for rkt so far',
  },
  'no-template': {
    type: 'boolean',
    help: 'boot the virtual machine of the pod instead of continuing from a saved one',
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
      `where ${name} goes: to a journal of the pod; to a log, a file of the pod of bounded size; to null, nowhere; to the stream of rkt ` +
      '(the default, but log for apps without the terminal in an --interactive pod of several); to the tty, the terminal of an --interactive pod',
  }) as const;

/** Flags that belong to the image before them. */
export const appFlags = {
  'accept-image': {
    type: 'list',
    perImage: true,
    value: 'ISOLATOR,…',
    help: 'isolators by which the image may have more than the defaults, which is otherwise refused; before the first image it is for all of them',
  },
  annotation: {type: 'list', perImage: true, value: 'NAME=VALUE', help: 'set an annotation of the app'},
  'apparmor-profile': {
    type: 'string',
    perImage: true,
    value: 'NAME',
    help: 'confine the app by this AppArmor profile, which is loaded on the host',
  },
  'block-bandwidth': {
    type: 'string',
    perImage: true,
    value: 'BYTES',
    help: 'limit of bytes per second of each disk, read and written each: 10Mi',
  },
  'block-iops': {
    type: 'string',
    perImage: true,
    value: 'N',
    help: 'limit of operations per second of each disk, reads and writes each',
  },
  'cap-remove': {type: 'string', perImage: true, hidden: true, help: 'deprecated, see --caps-remove'},
  'cap-retain': {type: 'string', perImage: true, hidden: true, help: 'deprecated, see --caps-retain'},
  'caps-remove': {type: 'string', perImage: true, value: 'CAP,…', help: 'capabilities to remove from the default set'},
  'caps-retain': {type: 'string', perImage: true, value: 'CAP,…', help: 'the only capabilities to keep'},
  cpu: {
    type: 'string',
    perImage: true,
    value: 'CORES',
    help: 'limit of processor time, in cores: 2, 0.5, or 500m (thousandths)',
  },
  'cpu-shares': {
    type: 'string',
    perImage: true,
    value: 'N',
    help: 'weight among pods that compete for processor time, 2 to 262144; 1024 is usual',
  },
  'cpuset-cpus': {
    type: 'string',
    perImage: true,
    value: 'LIST',
    help: "run on these of the host's processors only: 0-2,5",
  },
  'cpuset-mems': {
    type: 'string',
    perImage: true,
    value: 'LIST',
    help: "take memory from these of the host's memory nodes only: 0",
  },
  environment: {type: 'list', perImage: true, value: 'NAME=VALUE', help: 'set a variable of the app'},
  exec: {type: 'string', perImage: true, value: 'PROGRAM', help: "run this instead of the image's program"},
  group: {type: 'string', perImage: true, value: 'GROUP', help: 'run as this group: a name, number, or path of a file'},
  hugepages: {
    type: 'string',
    perImage: true,
    value: 'SIZE=BYTES,…',
    help: 'limit of huge pages, for each page size: 2Mi=64Mi,1Gi=0',
  },
  memory: {
    type: 'string',
    perImage: true,
    value: 'BYTES',
    help: 'limit of memory, in bytes: 64Mi (Ki, Mi, Gi, Ti: powers of 1024) or 500M (k, M, G, T: powers of 1000)',
  },
  mount: {
    type: 'list',
    perImage: true,
    value: 'volume=NAME,target=PATH',
    help: 'mount a volume in the app; before the first image, in all apps',
  },
  name: {type: 'string', perImage: true, value: 'NAME', help: 'name of the app (default: from the name of the image)'},
  'no-new-privileges': {
    type: 'boolean',
    perImage: true,
    help: 'nothing that the app executes gains privileges (setuid programs, file capabilities); the default for every user but root',
  },
  'oom-score-adj': {
    type: 'string',
    perImage: true,
    value: 'N',
    help: 'how readily the kernel kills the app when memory runs out, -1000 to 1000',
  },
  pids: {type: 'string', perImage: true, value: 'N', help: 'limit of processes and threads'},
  'readonly-rootfs': {type: 'boolean', perImage: true, help: "make the app's root file system read-only"},
  restart: {
    type: 'string',
    perImage: true,
    value: 'POLICY',
    choices: ['no', 'on-failure', 'always'],
    help: 'whether to start the app again a second after it has ended, until the pod is stopped: no (the default), on-failure or always',
  },
  'restart-limit': {
    type: 'string',
    perImage: true,
    value: 'N/DURATION',
    help: 'with --restart: start it again at most N times within this time (5/10m); when it ends once more the pod ends, with its status, or 1 if that is 0',
  },
  rlimit: {
    type: 'list',
    perImage: true,
    value: 'NAME=SOFT[:HARD]',
    help: 'a resource limit as in setrlimit(2): nofile=1024:4096, core=unlimited (default: nofile 1024, the others as rkt was given them)',
  },
  seccomp: {
    type: 'string',
    perImage: true,
    value: 'mode=MODE[,errno=E],CALL,…',
    help: 'filter of system calls: MODE is retain or remove, CALL a name or a set such as @appc.io/all',
  },
  'selinux-context': {
    type: 'string',
    perImage: true,
    value: 'USER:ROLE:TYPE:LEVEL',
    help: 'run the app in this SELinux context, which the policy of the host has',
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
      'where standard input comes from: null, which is empty (the default in a pod of several apps); the stream of rkt (the default in a pod of one app), which one app can have; ' +
      'or tty, the terminal of an --interactive pod, which one app can have, too',
  },
  stdout: outputFlag('standard output'),
  'supplementary-gids': {type: 'string', perImage: true, value: 'GID,…', help: 'supplementary groups to run with'},
  user: {type: 'string', perImage: true, value: 'USER', help: 'run as this user: a name, number, or path of a file'},
  'user-annotation': {type: 'list', perImage: true, value: 'NAME=VALUE', help: 'set a user annotation of the app'},
  'user-label': {type: 'list', perImage: true, value: 'NAME=VALUE', help: 'set a user label of the app'},
  watchdog: {
    type: 'string',
    perImage: true,
    value: 'DURATION',
    help: 'end the app (SIGABRT) if it does not say for this long that it is alive (WATCHDOG=1 of sd_notify(3))',
  },
  'working-dir': {type: 'string', perImage: true, value: 'PATH', help: 'working directory of the app'},
} as const satisfies Flags;
