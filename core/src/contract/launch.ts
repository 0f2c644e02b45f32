import * as z from 'zod/mini';
import {location} from './location.ts';
import {hostPath, podPath} from './names.ts';
import {processIdentity} from './pod.ts';
import {id32, process} from './process.ts';
import {joinableKind} from './step.ts';

/** Where a standard stream goes instead of to rkt's caller: nowhere, or to the end of a file of the pod, which is created if need be. */
const redirection = z.discriminatedUnion('to', [
  z.strictObject({to: z.literal('null')}),
  z.strictObject({to: z.literal('file'), path: podPath}),
]);
export type Redirection = z.infer<typeof redirection>;

const cgroupBelow = z.string().check(
  z.refine((path) => path.split('/').every((name) => !['', '.', '..'].includes(name)), 'is not below the pod'),
  z.refine((path) => !path.includes('\0'), 'has a null byte'),
);

const common = {
  /**
   * The compiled process that replaces stage0. For an app it is `App.process`; for a supervisor, what the supervisor needs.
   * It keeps standard input, output and error of rkt's caller.
   */
  process,
  /** Pass on the sockets that rkt's caller passed with LISTEN_FDS. */
  passSockets: z.boolean(),
};

/** The last stage: what `execve` gets. */
export const launch = z.discriminatedUnion('into', [
  /** A program of the host, by absolute path; `process.cwd` is a path of the host. */
  z.strictObject({
    ...common,
    into: z.literal('host'),
    program: hostPath,
    /** Leave the pod's lock open in the program, as RKT_LOCK_FD (declaration `liveness: 'lock'`). */
    keepLock: z.boolean(),
    /** What it starts may have the terminal of rkt's caller, so neither the program nor its descendants may type into that (TIOCSTI). Default false. Since 1.1. */
    sharesTerminal: z.optional(z.literal(true)),
    /** Start it with SIGHUP ignored, so that it outlives the terminal that it was started from. Default false. Since 1.1. */
    ignoreHangup: z.optional(z.boolean()),
    /**
     * Cgroups of the apps, below the pod's, for a program that does not hand signals on. Then rkt leaves a small process before the program, which starts it in a session of its own and ends with it. Every signal that this process gets goes to
     * the oldest process of each app; only SIGTERM goes to the program, which has to end the pod. What the program writes to the NOTIFY_SOCKET of its `process.env` is
     * passed on by the process before it; passed sockets are the program's alone. Absent: all signals are the program's. Since 1.1.
     */
    signalsTo: z.optional(z.array(cgroupBelow)),
    /**
     * The program, or what it starts, opens its standard streams again by path. As sockets cannot be opened, they become pipes, which a `cat` of the host
     * serves. `owner`: whoever opens them has only the rights of this user of the host; streams that this user may not open become pipes, too. A terminal as standard input stays one only with `true`, because systemd gives the
     * terminal that a service reads to the user of the service. Default false. Since 1.1.
     */
    reopensStdio: z.optional(z.union([z.boolean(), z.strictObject({owner: z.optional(id32)})])),
  }),
  /** A program of a rootfs that becomes the root directory by `pivot_root`; the host's tree is gone before it starts. */
  z.strictObject({
    ...common,
    into: z.literal('rootfs'),
    root: location,
    /**
     * A file of the rootfs. If one of the streams of rkt's caller is a terminal, the terminal is bound to this file and the stream is opened again there, so that the terminal has a name in the rootfs. In an
     * interactive pod it is a terminal that rkt has made, and rkt stays to serve it. Since 1.1.
     */
    terminal: z.optional(location),
    /** rkt tells `HostFacts.notifySocket` that the pod is ready, right before it becomes the program. Default false. Since 1.1. */
    tellsReady: z.optional(z.literal(true)),
    /**
     * Leave the user namespace of the plan's step `id-map` open in the program, as RKT_USER_NAMESPACE_FD. A program that runs as the user `base` of the map may join it, and has every
     * capability in it. Default false. Since 1.1.
     */
    keepUserNamespace: z.optional(z.literal(true)),
    /** Leave the taps of the plan's steps `tap` open in the program, as RKT_TAP_FDS: their numbers in order, separated by commas. Default false. Since 1.1. */
    keepTaps: z.optional(z.literal(true)),
    /** Streams that are not those of rkt's caller. Since 1.1. */
    stdio: z.optional(
      z.strictObject({
        stdin: z.optional(z.strictObject({to: z.literal('null')})),
        stdout: z.optional(redirection),
        stderr: z.optional(redirection),
      }),
    ),
  }),
  /** Another program in a running pod, which first joins the namespaces, root and cgroup of `member`. */
  z.strictObject({
    ...common,
    into: z.literal('member'),
    member: processIdentity,
    namespaces: z.array(joinableKind),
    /**
     * The member's system call filters were not compiled by rkt: what joins it gets the same filters, as the kernel shows them, without those that the member has added itself.
     * If the kernel does not show them, it gets the filter of `process`, which has to refuse as much. Default false. Since 1.1.
     */
    filtersOfMember: z.optional(z.boolean()),
  }),
]);
export type Launch = z.infer<typeof launch>;
