import type {App, HostFacts, Pod, Process, SeccompAction, SeccompArgument, SeccompFilter} from '@rkt/plugin-sdk';

/** The app in the words of the OCI runtime specification 1.0 (config.md, config-linux.md). Resources are not in it: the cgroup is rkt's. */
export const ociConfig = (pod: Pod, app: App, host: HostFacts): object => {
  const {argv, env, cwd, uid, gid, groups, umask, capabilities, noNewPrivileges} = app.process;
  const seccomp = filterOf(app.process);
  const {bounding, effective, ambient} = capabilities;
  return {
    ociVersion: '1.0.2',
    process: {
      args: argv,
      env: env.map(({name, value}) => `${name}=${value}`),
      cwd,
      user: {uid, gid, umask, additionalGids: groups},
      capabilities: {bounding, effective, permitted: effective, inheritable: [], ambient},
      noNewPrivileges,
    },
    root: {path: `${pod.directory}/${app.mountPoint}`, readonly: app.readOnlyRootfs},
    ...(pod.hostname === null ? {} : {hostname: pod.hostname}),
    mounts: [
      mount('proc', '/proc', 'nosuid', 'nodev', 'noexec'),
      ...(pod.network.mode === 'host' ? [] : [mount('sysfs', '/sys', 'ro', 'nosuid', 'nodev', 'noexec')]),
    ],
    linux: {
      namespaces: [
        {type: 'mount'},
        ...(pod.hostname === null ? [] : [{type: 'uts'}]),
        ...(pod.network.mode === 'host' ? [] : [{type: 'network'}]),
      ],
      maskedPaths: pod.maskedPaths,
      // All of /sys is mounted so; to make a part of it so, crun would uncover what is masked below.
      readonlyPaths: pod.readOnlyPaths.filter((path) => !path.startsWith('/sys/')),
      ...(seccomp === null ? {} : {seccomp: ociFilter(seccomp, host)}),
    },
  };
};

const mount = (type: string, destination: string, ...options: string[]) => ({type, source: type, destination, options});

/** What crun calls between a filter and the app: without no-new-privileges the filter comes before it gives up anything. */
export const CALLS_OF_CRUN = ['capset', 'chdir', 'close_range', 'prctl', 'setgroups', 'setresgid', 'setresuid'];

/** The filter that an app has: one that lets crun start it. */
export const filterOf = ({seccomp, noNewPrivileges}: Process): SeccompFilter | null =>
  seccomp === null || noNewPrivileges || seccomp.default.action === 'allow'
    ? seccomp
    : {...seccomp, rules: [...seccomp.rules, {syscalls: CALLS_OF_CRUN, outcome: {action: 'allow'}}]};

const ociFilter = ({default: otherwise, rules}: SeccompFilter, {arch}: HostFacts) => {
  const {action, errnoRet} = ociAction(otherwise);
  return {
    defaultAction: action,
    ...(errnoRet === undefined ? {} : {defaultErrnoRet: errnoRet}),
    architectures: [arch === 'aarch64' ? 'SCMP_ARCH_AARCH64' : 'SCMP_ARCH_X86_64'],
    syscalls: rules.map(({syscalls, outcome, args}) => ({
      names: syscalls,
      ...ociAction(outcome),
      ...(args === undefined ? {} : {args: args.map(ociArgument)}),
    })),
  };
};

const ociAction = (outcome: SeccompAction): {action: string; errnoRet?: number} => {
  switch (outcome.action) {
    case 'allow':
      return {action: 'SCMP_ACT_ALLOW'};
    case 'errno':
      return {action: 'SCMP_ACT_ERRNO', errnoRet: outcome.errno};
    case 'kill':
      return {action: 'SCMP_ACT_KILL_PROCESS'};
  }
};

/** With a mask, the first of the two values is the mask. */
const ociArgument = ({index, op, value, mask}: SeccompArgument) =>
  op === 'masked-eq'
    ? {index, value: mask ?? -1, valueTwo: value, op: 'SCMP_CMP_MASKED_EQ'}
    : {index, value, op: op === 'eq' ? 'SCMP_CMP_EQ' : 'SCMP_CMP_NE'};
