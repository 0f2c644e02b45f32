import type {Step} from '../contract/step.ts';
import {RktError} from '../rkt-error.ts';

/** The source of a bind is on a file system, or has one mounted below it, that cannot show its owners as other users (overlayfs, many network file systems). */
export const bindNotMappable = (source: string, recursive: boolean, cause: unknown) =>
  new RktError(
    'RKT_BIND_NOT_MAPPABLE',
    `the owners in ${source} cannot be mapped to users of the pod: its file system${recursive ? ', or one mounted below it,' : ''} has no idmapped mounts`,
    {
      source,
      recursive,
      cause,
      hint: `${recursive ? 'use recursive=false if it is one mounted below, ' : ''}take a source on another file system, or run the pod with the users of the host: without --private-users, and not in a virtual machine`,
    },
  );

/** Mounts below the source could not come into the pod or out of it, because it is on a private mount. */
export const bindNotShared = (source: string, wanted: string, mountPoint: string) =>
  new RktError(
    'RKT_BIND_NOT_SHARED',
    `${source} cannot be ${wanted}: it is on the mount ${mountPoint}, which is private`,
    {
      source,
      wanted,
      mountPoint,
      hint: `make that one shared (mount --make-shared ${mountPoint}), or leave propagation=${wanted} out`,
    },
  );

/** The source of a bind does not exist (appc EX-16). */
export const bindSourceMissing = (source: string, cause: unknown) =>
  new RktError('RKT_BIND_SOURCE_MISSING', `${source} does not exist`, {
    source,
    cause,
    hint: 'create it, or use an empty volume for scratch space',
  });

/** The source of a bind is a symlink or lies behind one (appc EX-19). */
export const bindSourceSymlink = (source: string, cause: unknown) =>
  new RktError('RKT_BIND_SOURCE_SYMLINK', `${source} is, or is reached through, a symbolic link`, {
    source,
    cause,
    hint: 'name the real path, or allow symbolic links for this volume',
  });

/** A file is to be bound over a directory. */
export const bindTargetIsDirectory = (source: string, target: string) =>
  new RktError('RKT_BIND_TARGET_IS_DIRECTORY', `${source} is not a directory, but its target ${target} is one`, {
    source,
    target,
    hint: 'bind a directory there, or choose another target',
  });

/** What is to be written is longer than a step may carry. */
export const contentTooLong = (target: string, bytes: number, limit: number) =>
  new RktError('RKT_CONTENT_TOO_LONG', `${target}: ${bytes} bytes are to be written; the limit is ${limit}`, {
    target,
    bytes,
    limit,
    hint: 'shorten it, or use a volume',
  });

/** A device node is not what was just made: someone else writes to its directory, or the file system has no devices. */
export const deviceReplaced = (target: string, wanted: string) =>
  new RktError('RKT_DEVICE_REPLACED', `${target} is not the device ${wanted} that was made there`, {
    target,
    wanted,
    hint: 'keep other processes out of the directory while the pod starts',
  });

/** The kernel refused a step on the way into a pod. */
export const enterFailed = (what: string) =>
  new RktError('RKT_ENTER_FAILED', `the kernel refused ${what} on the way into the pod`, {
    what,
    hint: 'see whether the pod still runs and has room for another process; "rkt status --verify" compares it with what it should be',
  });

/** Passed sockets are for a process whose number rkt knows (LISTEN_PID), and of what enters it knows none. */
export const enterSockets = () =>
  new RktError('RKT_ENTER_SOCKETS', 'sockets cannot be handed to what enters an app', {
    hint: 'correct the flavor: passSockets is false where it enters',
  });

/** The program is not where it was when the pod was planned, so that what starts the app would look in the wrong place. */
export const programElsewhere = (app: string, program: string, found: string) =>
  new RktError(
    'RKT_EXEC_ELSEWHERE',
    `app "${app}": ${program} is ${found}, which was not there when the pod was planned`,
    {
      app,
      program,
      found,
      exitCode: 127,
      hint: `name it by its path: --exec=${found}`,
    },
  );

/** RKT_FAULT asked for it; only tests see this. */
export const faultInjected = (step: string) =>
  new RktError('RKT_FAULT_INJECTED', `fault injected at step "${step}"`, {step, hint: 'unset RKT_FAULT'});

/** The kernel refused the first process of a pod something on the way to its supervisor. */
export const initFailed = (what: string) =>
  new RktError('RKT_INIT_FAILED', `the first process of the pod cannot ${what}: the kernel refuses it`, {
    what,
    hint: 'look into the log of the kernel (dmesg), and for a security module; for paths, --insecure-options=paths runs the pod with none hidden or read-only',
  });

/** What a flavor launches is not on this host. */
export const launchProgramMissing = (program: string, cause: unknown) =>
  new RktError('RKT_LAUNCH_PROGRAM_MISSING', `${program}, which the flavor launches, is not on this host`, {
    program,
    cause,
    exitCode: 127,
    hint: 'install it; a flavor that requires "program/NAME" for its verb "run" is refused before the pod is made',
  });

/** The process that was to be joined has ended. */
export const memberGone = (pid: number, cause?: unknown) =>
  new RktError('RKT_MEMBER_GONE', `process ${pid}, which was to be joined, has ended`, {
    pid,
    cause,
    hint: 'see "rkt status"; a pod that has exited cannot be entered',
  });

/** Something is to be mounted on a file of procfs, sysfs or a cgroup file system (S07). */
export const mountTargetKernel = (target: string) =>
  new RktError('RKT_MOUNT_TARGET_KERNEL', `${target} belongs to a kernel file system`, {
    target,
    hint: 'choose a target outside /proc, and in /sys one that no symbolic link leads to',
  });

/** A symlink of the image leads from a mount target to the root directory: what is mounted there would become the root (S05). */
export const mountTargetRoot = (target: string) =>
  new RktError('RKT_MOUNT_TARGET_ROOT', `${target} of the image leads to its root directory`, {
    target,
    hint: 'choose another target',
  });

/** Something is to be mounted in a volume with propagation=shared: the host would get the mount, too. */
export const mountTargetShared = (target: string) =>
  new RktError(
    'RKT_MOUNT_TARGET_SHARED',
    `${target} is in a volume with propagation=shared: the host would get the mount, too`,
    {
      target,
      hint: 'use propagation=slave for that volume, or mount elsewhere; if a symbolic link of the image leads there, correct the image',
    },
  );

/** The namespace that a setting belongs to is still the host's. */
export const namespaceShared = (what: string, namespace: string) =>
  new RktError(
    'RKT_NAMESPACE_SHARED',
    `${what} belongs to the ${namespace} namespace, which the pod shares with the host`,
    {
      what,
      namespace,
      hint: `use a flavor that gives the pod a ${namespace} namespace of its own`,
    },
  );

/** The host's /dev/null is not the null device (S06). */
export const nullDeviceFalse = (path: string) =>
  new RktError('RKT_NULL_DEVICE_FALSE', `${path} is not the null device, so nothing can be hidden with it`, {
    path,
    hint: 'recreate it: mknod -m 666 /dev/null c 1 3',
  });

/** More layers than overlayfs, or this kernel's way to name them, can take. */
export const overlayTooManyLayers = (app: string, layers: number, limit: number) =>
  new RktError('RKT_OVERLAY_TOO_MANY_LAYERS', `app "${app}": ${layers} layers; this kernel can stack ${limit}`, {
    app,
    layers,
    limit,
    hint: 'run it with --no-overlay, or squash the image',
  });

/** Processes of a pod are still there after SIGKILL: one of them waits in the kernel for something that cannot be interrupted, such as a disk that does not answer. */
export const podNotKilled = (uuid: string, milliseconds: number) =>
  new RktError('RKT_POD_NOT_KILLED', `pod ${uuid} still has processes ${milliseconds / 1000} seconds after SIGKILL`, {
    uuid,
    milliseconds,
    hint: 'see what they wait for (ps -eo pid,stat,wchan), then repeat rkt stop --force',
  });

/** A step failed in the kernel. */
export const stepFailed = (step: Step, cause: unknown) =>
  new RktError(
    'RKT_STEP_FAILED',
    `step "${step.id}" failed: ${cause instanceof Error ? cause.message : String(cause)}`,
    {
      step: step.id,
      kind: step.do,
      ...(cause instanceof Error && 'code' in cause ? {errno: cause.code} : {}),
      cause,
      hint: 'see the cause with --debug; "rkt flavor doctor" tells what this host lacks',
    },
  );

/** A kernel parameter that no namespace confines. */
export const sysctlNotNamespaced = (key: string) =>
  new RktError('RKT_SYSCTL_NOT_NAMESPACED', `"${key}" is a parameter of the whole host`, {
    key,
    hint: 'set it on the host, or leave it out; net.*, fs.mqueue.* and the System V ipc keys of kernel.* are possible',
  });

/** A path whose last component is no name. */
export const targetNameInvalid = (target: string) =>
  new RktError('RKT_TARGET_NAME_INVALID', `${target} does not end in a name`, {
    target,
    hint: 'give the path of an entry of a directory, without "." and ".."',
  });

/** Creating the target would change a volume, not the app's own files (appc EX-15). */
export const targetOutsideRootfs = (target: string) =>
  new RktError('RKT_TARGET_OUTSIDE_ROOTFS', `${target} leads into a volume, where nothing is created`, {
    target,
    hint: 'make it in the volume, or mount that elsewhere; if a symbolic link of the image leads there, correct the image',
  });
