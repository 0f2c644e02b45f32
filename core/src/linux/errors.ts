import {RktError} from '../rkt-error.ts';

const message = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));

/** rkt itself lacks a capability that it would have to give. */
export const capabilitiesMissing = (capabilities: readonly string[]) =>
  new RktError('RKT_CAPABILITIES_MISSING', `rkt itself runs without ${capabilities.join(', ')}`, {
    capabilities,
    hint: 'run rkt with these capabilities, or remove them from the app',
  });

/** A limit needs a cgroup controller that no mounted hierarchy has. */
export const cgroupControllerMissing = (limit: string, controller: string) =>
  new RktError('RKT_CGROUP_CONTROLLER_MISSING', `${limit}: this host has no usable ${controller} cgroup controller`, {
    limit,
    controller,
    hint: `boot with the ${controller} controller enabled, or run without the limit by --allow-degraded`,
  });

/** Processes of a cgroup outlive SIGKILL: they hang in the kernel. */
export const cgroupKillFailed = (path: string, pids: readonly number[]) =>
  new RktError('RKT_CGROUP_KILL_FAILED', `cgroup ${path}: ${pids.length} processes have not ended`, {
    path,
    pids,
    hint: 'they wait in the kernel for a device or a file system; see /proc/PID/wchan, and try again later',
  });

/** The kernel shows another limit than the one that was written, or refused it. */
export const cgroupLimitNotHeld = (
  file: string,
  wanted: string,
  actual: string | undefined,
  options: {cause?: unknown} = {},
) =>
  new RktError(
    'RKT_CGROUP_LIMIT_NOT_HELD',
    `${file}: ${wanted} was asked for, ${actual === undefined ? `and refused: ${message(options.cause)}` : `the kernel has ${actual}`}`,
    {
      file,
      wanted,
      actual,
      cause: options.cause,
      hint: 'choose a value within the limits of the parent cgroup and of the kernel',
    },
  );

/** The mount point of a cgroup hierarchy has another file system. */
export const cgroupNotMounted = (mountPoint: string) =>
  new RktError('RKT_CGROUP_NOT_MOUNTED', `${mountPoint} is not a cgroup file system`, {
    mountPoint,
    hint: 'mount it again, or unmount what is mounted over it',
  });

/** A v2 controller cannot be handed down because processes sit in the cgroup above (cgroups(7), "no internal processes"). */
export const cgroupParentBusy = (path: string, controllers: readonly string[], cause: unknown) =>
  new RktError(
    'RKT_CGROUP_PARENT_BUSY',
    `cgroup ${path} has processes of its own, so it cannot hand ${controllers.join(', ')} down`,
    {
      path,
      controllers,
      cause,
      hint: 'start rkt alone in its service, or outside of one',
    },
  );

/** A cgroup cannot be removed: it still has processes. */
export const cgroupRemoveFailed = (path: string, cause: unknown) =>
  new RktError('RKT_CGROUP_REMOVE_FAILED', `cgroup ${path} cannot be removed: ${message(cause)}`, {
    path,
    cause,
    hint: 'end the processes in it, then try again',
  });

/** The devices of a pod cannot be limited to those that it has (S29). */
export const devicePolicyNotHeld = (cgroup: string, problem: string, cause?: unknown) =>
  new RktError('RKT_DEVICE_POLICY_NOT_HELD', `cgroup ${cgroup}: devices are not limited: ${problem}`, {
    cgroup,
    problem,
    cause,
    hint: 'a cgroup cannot allow what those above it refuse: see devices.list there, or run without: --allow-degraded=devices/policy',
  });

/** An argument or variable, or all of them together, is larger than the kernel takes. */
export const execArgumentsTooLarge = (program: string, what: string, bytes: number, limit: number) =>
  new RktError(
    'RKT_EXEC_ARGUMENTS_TOO_LARGE',
    `${program}: ${what}: ${bytes} bytes, and the kernel takes at most ${limit}`,
    {
      program,
      what,
      bytes,
      limit,
      hint: 'give it to the app in a file, by a volume; if all together are too large, a higher limit of the stack helps: --rlimit=stack=…',
    },
  );

/** execve(2) itself refused. */
export const execFailed = (program: string, cause: unknown) =>
  new RktError('RKT_EXEC_FAILED', `${program} cannot be started: ${message(cause)}`, {
    program,
    ...(cause instanceof Error && 'code' in cause ? {errno: cause.code} : {}),
    cause,
    exitCode: 126,
    hint: 'see the cause with --debug',
  });

/** The interpreter of the program (the loader of an ELF file, or the program after `#!`) is not in the rootfs. */
export const execInterpreterMissing = (program: string, interpreter: string, problem: string) =>
  new RktError('RKT_EXEC_INTERPRETER_MISSING', `${program} needs ${interpreter}, which ${problem}`, {
    program,
    interpreter,
    problem,
    exitCode: 127,
    hint: 'add it to the image, or link the program statically',
  });

/** The program is no regular file, or its permissions or its content do not let the user run it. */
export const execNotExecutable = (program: string, problem: string) =>
  new RktError('RKT_EXEC_NOT_EXECUTABLE', `${program} cannot be executed: ${problem}`, {
    program,
    problem,
    exitCode: 126,
    hint: "correct the image: a program is a regular file with execute permission for the app's user",
  });

/** No such program in the rootfs (appc IM-15). */
export const execNotFound = (program: string, searched: readonly string[]) =>
  new RktError(
    'RKT_EXEC_NOT_FOUND',
    `${program} is not in the app's file system${searched.length > 0 ? ` (searched ${searched.join(':')})` : ''}`,
    {
      program,
      searched,
      exitCode: 127,
      hint: /\s/.test(program)
        ? '--exec names just the program; its arguments follow "--": IMAGE --exec=PROGRAM -- ARGS…'
        : 'correct "exec" of the image or --exec; PATH is the app\'s own',
    },
  );

/** The program is for another architecture. */
export const execWrongArchitecture = (program: string, found: string, wanted: string) =>
  new RktError('RKT_EXEC_WRONG_ARCHITECTURE', `${program} is a program for ${found}; this machine is ${wanted}`, {
    program,
    found,
    wanted,
    exitCode: 126,
    hint: 'use an image for this architecture (labels "os" and "arch")',
  });

/** A process has a lease on a file (fcntl(2)), for which whoever opens it would have to wait, up to a minute. */
export const fileLeased = (path: string, cause: unknown) =>
  new RktError('RKT_FILE_LEASED', `${path}: a process holds a lease on it`, {
    path,
    cause,
    hint: 'try again: the kernel has just told it to give the lease back, and takes it after /proc/sys/fs/lease-break-time seconds',
  });

/** A program that carries what goes into a pod or comes out of it could not be started. Without it, everything that the app writes would be lost. */
export const helperNotStarted = (program: string) =>
  new RktError('RKT_HELPER_NOT_STARTED', `${program}, which is to carry a stream of the pod, cannot be started`, {
    program,
    hint: 'look whether a limit of processes (ulimit -u, pids.max of the cgroup, kernel.pid_max) or of open files (ulimit -n) is reached, or give rkt pipes as standard streams',
  });

/** The kernel did not take the id map of a user namespace from rkt; it takes only one. */
export const idMapRefused = (cause: unknown) =>
  new RktError('RKT_ID_MAP_REFUSED', `the ids of a user namespace cannot be set: ${message(cause)}`, {
    cause,
    hint: 'another process of the host may have set them first; rkt needs CAP_SETUID and CAP_SETGID',
  });

/** A helper of rkt cannot be isolated from pods, which could look into it (S28). */
export const isolationFailed = (cause: unknown) =>
  new RktError('RKT_ISOLATION_FAILED', `a helper cannot be kept apart from pods: ${message(cause)}`, {
    cause,
    hint: 'rkt needs CAP_SYS_ADMIN, and a kernel and a container manager that let it make mount and pid namespaces',
  });

/** A security module does not know a profile or context, or does not let this process have it. */
export const labelRefused = (module: string, label: string, cause: unknown) =>
  new RktError('RKT_LABEL_REFUSED', `${module} refuses ${label}: ${message(cause)}`, {
    module,
    label,
    cause,
    hint: `load the profile or policy that has it, and see what ${module} has logged`,
  });

/** LISTEN_FDS promises descriptors that are not sockets. */
export const listenFdsInvalid = (value: string, problem: string) =>
  new RktError('RKT_LISTEN_FDS_INVALID', `LISTEN_FDS=${value}: ${problem}`, {
    value,
    problem,
    hint: 'start rkt by socket activation, or unset LISTEN_FDS and LISTEN_PID',
  });

/** An oom_score_adj below rkt's own takes CAP_SYS_RESOURCE. */
export const oomScoreNotPermitted = (score: number, cause: unknown) =>
  new RktError('RKT_OOM_SCORE_NOT_PERMITTED', `oom-score-adj ${score} is not permitted here`, {
    score,
    cause,
    hint: 'run rkt with CAP_SYS_RESOURCE, choose a score not below its own, or --allow-degraded=os/linux/oom-score-adj',
  });

/** Parts of the `/proc` that rkt sees are hidden. The kernel then mounts no other `proc` for an ordinary user, because that one would show them. */
export const procRefused = () =>
  new RktError(
    'RKT_PROC_REFUSED',
    'the pod cannot have a /proc of its own: parts of the one that rkt sees are hidden, as in most containers',
    {
      hint: 'start the container without masks over /proc (docker: --security-opt systempaths=unconfined; podman: --security-opt unmask=ALL), or run rkt outside of it',
    },
  );

/** A hard limit above rkt's own takes CAP_SYS_RESOURCE. */
export const rlimitNotPermitted = (limit: string, wanted: string, hard: string) =>
  new RktError('RKT_RLIMIT_NOT_PERMITTED', `rlimit ${limit}: ${wanted} is above rkt's own hard limit ${hard}`, {
    limit,
    wanted,
    hard,
    hint: 'run rkt with CAP_SYS_RESOURCE or a higher limit, choose a lower value, or --allow-degraded=os/unix/rlimits',
  });

/** The directory for temporary files cannot be used. */
export const scratchUnusable = (path: string, because: string, cause?: unknown) =>
  new RktError('RKT_SCRATCH_UNUSABLE', `${path}, for temporary files: ${because}`, {
    path,
    because,
    cause,
    hint: 'set TMPDIR to a directory that you may write to, and nobody else may change, or to /tmp',
  });

/** libseccomp refused to build the filter. */
export const seccompFilterFailed = (what: string, errno: string) =>
  new RktError('RKT_SECCOMP_FILTER_FAILED', `seccomp: ${what}: ${errno}`, {
    what,
    errno,
    hint: 'simplify the filter: the kernel takes 4096 instructions',
  });

/** libseccomp.so.2 cannot be loaded. */
export const seccompLibraryMissing = (cause: unknown) =>
  new RktError('RKT_SECCOMP_LIBRARY_MISSING', 'libseccomp.so.2 is needed to compile a system call filter', {
    cause,
    hint: 'install libseccomp2 (Debian: apt-get install libseccomp2), or run without filters: --insecure-options=seccomp',
  });

/** By one of the standard streams the app could walk through the file system of the host: it is a directory, for instance. */
export const stdioRefused = (fd: number, stream: string, what: string) =>
  new RktError('RKT_STDIO_REFUSED', `${stream} (descriptor ${fd}) is ${what}`, {
    fd,
    what,
    hint: 'use a file, a pipe, a socket, a terminal or /dev/null',
  });

/** The namespace of a network that was prepared for a pod cannot be joined, or has no such tap, or not a free one. */
export const tapUnusable = (namespace: string, device: string, cause?: unknown) =>
  new RktError(
    'RKT_TAP_UNUSABLE',
    `the tap "${device}" of the network namespace ${namespace}: ${cause === undefined ? 'there is none that stays' : message(cause)}`,
    {
      namespace,
      device,
      cause,
      hint: 'make one that nobody else has open: ip netns exec NAMESPACE ip tuntap add dev TAP mode tap',
    },
  );

/** rkt has a controlling terminal, which the pod is not to have, and cannot give it up (S30). */
export const terminalUnreachable = (because: string, cause: unknown) =>
  new RktError(
    'RKT_TERMINAL_UNREACHABLE',
    `rkt cannot give up its controlling terminal, which the pod is not to have: /dev/tty: ${because}`,
    {
      because,
      cause,
      hint: 'give rkt a /dev with a tty (mknod -m 666 /dev/tty c 5 0), or start it without a controlling terminal: setsid --wait rkt …',
    },
  );

/** The kernel makes no user namespace, or there cannot be a process for one. */
export const userNamespaceRefused = (cause?: unknown) =>
  new RktError(
    'RKT_USER_NAMESPACE_REFUSED',
    `a user namespace cannot be made${cause === undefined ? '' : `: ${message(cause)}`}`,
    {
      cause,
      hint: 'look whether a limit is reached: /proc/sys/user/max_user_namespaces, processes (ulimit -u, pids.max of the cgroup); a security module may refuse it, too',
    },
  );

/** The app's working directory is not a directory of its rootfs (S04). */
export const workingDirectoryMissing = (path: string, problem: string, cause?: unknown) =>
  new RktError('RKT_WORKING_DIRECTORY_MISSING', `working directory ${path}: ${problem}`, {
    path,
    problem,
    cause,
    hint: 'create it in the image, or choose another with --working-dir',
  });
