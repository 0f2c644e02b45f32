import {RktError} from '../rkt-error.ts';
import type {Fault} from './fault.ts';
import type {JsonFault} from './json-limits.ts';

/** Neither the image nor the pod says what to run (appc IM-15, PO-06). */
export const appExecMissing = (app: string) =>
  new RktError('RKT_APP_EXEC_MISSING', `app "${app}": neither its image nor the pod says what to execute`, {
    app,
    hint: 'name a program with --exec',
  });

/** An image without `app` in its manifest is only good as a dependency (appc PO-06). */
export const appSectionMissing = (app: string, image: string) =>
  new RktError('RKT_APP_SECTION_MISSING', `app "${app}": image ${image} has no app section`, {
    app,
    image,
    hint: 'name a program with --exec, or take an image that is made to be run',
  });

/** A limit of block devices that the kernel would take for none. */
export const blockLimitTooSmall = (isolator: string, limit: number) =>
  new RktError('RKT_BLOCK_LIMIT_TOO_SMALL', `${isolator}: ${limit} per second is less than 1`, {
    isolator,
    limit,
    minimum: 1,
    hint: 'allow at least 1 per second',
  });

/** A limit of processor time that nothing could run under. */
export const cpuLimitTooSmall = (milliCores: number) =>
  new RktError('RKT_CPU_LIMIT_TOO_SMALL', `resource/cpu: ${milliCores}m of a core is less than 1m`, {
    milliCores,
    minimum: 1,
    hint: 'allow at least 1m',
  });

/** Nothing is left for an app of what it may have and its pod may have. */
export const cpusetEmpty = (isolator: string, app: readonly number[], pod: readonly number[]) =>
  new RktError(
    'RKT_CPUSET_EMPTY',
    `${isolator}: the app has ${app.join(', ')}, of which its pod, with ${pod.join(', ')}, has none`,
    {isolator, app, pod, hint: 'give the app some that its pod has'},
  );

/** A variable given on the command line or in a file has a name that no manifest may hold (appc IM-20). */
export const environmentNameInvalid = (name: string) =>
  new RktError('RKT_ENVIRONMENT_NAME_INVALID', `environment variable "${name}" has an invalid name`, {
    name,
    hint: 'use letters, digits, underscores, periods and hyphens',
  });

/** A group that is neither in the image, nor a number, nor a file of it (appc IM-16). */
export const groupUnknown = (group: string, reason: string) =>
  new RktError('RKT_GROUP_UNKNOWN', `group "${group}": ${reason}`, {
    group,
    reason,
    hint: 'name a group of the image, a decimal number, or a file whose group to take',
  });

/** The manifest of an image breaks a rule of appc (IM-10 to IM-30). */
export const imageManifestInvalid = (fault: Fault, cause?: unknown) =>
  new RktError('RKT_IMAGE_MANIFEST_INVALID', `image manifest: ${sentence(fault)}`, {
    ...fault,
    ...(cause === undefined ? {} : {cause}),
    hint: 'correct the manifest and build the image again',
  });

/** An isolator given by a flag or built by a program breaks a rule of appc (EX-31 to EX-57). */
export const isolatorInvalid = (isolator: string, fault: Fault) =>
  new RktError('RKT_ISOLATOR_INVALID', `isolator ${isolator}: ${sentence(fault)}`, {
    isolator,
    ...fault,
    hint: 'correct its value',
  });

/** Bytes that are not the JSON that rkt accepts. */
export const jsonInvalid = (fault: JsonFault, cause?: unknown) =>
  new RktError('RKT_JSON_INVALID', `JSON at ${fault.path}: ${fault.reason}`, {
    ...fault,
    ...(cause === undefined ? {} : {cause}),
    hint: 'correct the document',
  });

/** A limit of memory that no program starts with. */
export const memoryLimitTooSmall = (bytes: number, minimum: number) =>
  new RktError('RKT_MEMORY_LIMIT_TOO_SMALL', `resource/memory: ${bytes} bytes is less than ${minimum}`, {
    bytes,
    minimum,
    hint: `allow at least ${minimum} bytes`,
  });

/** /etc/passwd or /etc/group of an image is larger than rkt reads. */
export const nameFileTooLarge = (file: string, bytes: number, limit: number) =>
  new RktError('RKT_NAME_FILE_TOO_LARGE', `${file} of the image has ${bytes} bytes, more than ${limit}`, {
    file,
    bytes,
    limit,
    hint: 'give user and group as numbers',
  });

/** A pod manifest breaks a rule of appc (PO-04 to PO-14). */
export const podManifestInvalid = (fault: Fault, cause?: unknown) =>
  new RktError('RKT_POD_MANIFEST_INVALID', `pod manifest: ${sentence(fault)}`, {
    ...fault,
    ...(cause === undefined ? {} : {cause}),
    hint: 'correct the manifest',
  });

/** A port of the pod fits ports of several apps (appc PO-13). */
export const portAmbiguous = (port: string, apps: readonly string[]) =>
  new RktError('RKT_PORT_AMBIGUOUS', `port "${port}" belongs to several apps: ${apps.join(', ')}`, {
    port,
    apps,
    hint: 'give the port of the pod as podPort, or rename it in an image',
  });

/** A transport protocol that rkt does not forward (appc IM-23). */
export const portProtocolUnsupported = (port: string, protocol: string) =>
  new RktError('RKT_PORT_PROTOCOL_UNSUPPORTED', `port "${port}": protocol "${protocol}" is not supported`, {
    port,
    protocol,
    hint: 'use tcp, udp or sctp',
  });

/** A range of ports does not fit below 65536 on the host. */
export const portRangeInvalid = (port: string, hostPort: number, count: number) =>
  new RktError('RKT_PORT_RANGE_INVALID', `port "${port}": ${count} ports from ${hostPort} on end above 65535`, {
    port,
    hostPort,
    count,
    hint: 'choose a lower host port',
  });

/** A port of the pod that no app has (appc PO-13). */
export const portUnknown = (port: string) =>
  new RktError('RKT_PORT_UNKNOWN', `no app of the pod has a port "${port}"`, {
    port,
    hint: 'name a port of an image, or describe it as podPort',
  });

/** Text that is not an amount of a resource (appc EX-52). */
export const quantityInvalid = (quantity: string, reason: string) =>
  new RktError('RKT_QUANTITY_INVALID', `quantity "${quantity}": ${reason}`, {
    quantity,
    reason,
    hint: 'write a decimal number, with a suffix of m, K, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi or Ei if need be',
  });

/** An errno that Linux does not have (appc EX-40). */
export const seccompErrnoUnknown = (errno: string) =>
  new RktError('RKT_SECCOMP_ERRNO_UNKNOWN', `seccomp: "${errno}" is not an errno of Linux`, {
    errno,
    hint: 'use a name as in errno(3), for example EPERM',
  });

/** A special value that stands for nothing in this kind of set (appc EX-35). */
export const seccompSetUnknown = (name: string, isolator: string) =>
  new RktError('RKT_SECCOMP_SET_UNKNOWN', `${isolator}: "${name}" stands for no set of system calls`, {
    name,
    isolator,
    hint: 'use @appc.io/all (retain), @appc.io/empty (remove), @rkt/…, @docker/… or @systemd/…',
  });

/** A name that no architecture of Linux knows: most likely a typo, which must not silently leave a call open. */
export const seccompSyscallUnknown = (name: string, isolator: string) =>
  new RktError('RKT_SECCOMP_SYSCALL_UNKNOWN', `${isolator}: "${name}" is not a system call`, {
    name,
    isolator,
    hint: 'use a name as in syscalls(2)',
  });

/** A user that is neither in the image, nor a number, nor a file of it (appc IM-16). */
export const userUnknown = (user: string, reason: string) =>
  new RktError('RKT_USER_UNKNOWN', `user "${user}": ${reason}`, {
    user,
    reason,
    hint: 'name a user of the image, a decimal number, or a file whose owner to take',
  });

/** A mount that names no volume of the pod (appc PO-07). */
export const volumeUndefined = (app: string, volume: string) =>
  new RktError('RKT_VOLUME_UNDEFINED', `app "${app}" mounts volume "${volume}", which the pod does not have`, {
    app,
    volume,
    hint: 'define the volume, with --volume or in the pod manifest',
  });

/** A document that is not the YAML that rkt accepts. */
export const yamlInvalid = (reason: string, line: number | undefined, cause?: unknown) =>
  new RktError('RKT_YAML_INVALID', `YAML${line === undefined ? '' : ` line ${line}`}: ${reason}`, {
    reason,
    line,
    ...(cause === undefined ? {} : {cause}),
    hint: 'correct the document, or write it as JSON',
  });

const sentence = ({path, value, expected}: Fault): string =>
  `${path}${value === undefined ? '' : ` is ${value}`}; expected ${expected}`;
