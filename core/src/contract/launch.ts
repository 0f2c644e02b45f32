import * as z from 'zod/mini';
import {location} from './location.ts';
import {hostPath, podPath} from './names.ts';
import {processIdentity} from './pod.ts';
import {id32, process} from './process.ts';
import {joinableKind} from './step.ts';

/** Where a standard stream goes instead of to rkt's caller: nowhere, or to the end of a file of the pod, made if it is not there. */
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
  /** Pass sockets that rkt's caller passed with LISTEN_FDS. */
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
    /** What it starts may have the terminal of rkt's caller: it and its descendants type nothing into that (TIOCSTI). Default false. Since 1.1. */
    sharesTerminal: z.optional(z.literal(true)),
    /** Start it with SIGHUP ignored: it outlives the terminal that it was started from. Default false. Since 1.1. */
    ignoreHangup: z.optional(z.boolean()),
    /**
     * Cgroups of the apps, below the pod's. Some system calls of rkt's stay before the program, which they start in a session of its own: every signal that comes goes to the oldest process of each app, but
     * SIGTERM to the program, which is to end the pod by that; both end together. What the program writes to NOTIFY_SOCKET of its `process.env` is
     * written there by what stays before it, and passed sockets are the program's alone. Without it all signals are the program's. Since 1.1.
     */
    signalsTo: z.optional(z.array(cgroupBelow)),
    /**
     * The program, or what it starts, opens standard input, output and error again by path: those that are sockets become pipes, which a `cat` of the host
     * serves. `owner`: whoever opens them has no more rights than this user of the host; what it may not open becomes a pipe, too. A terminal as standard input stays one with `true` only: systemd gives the
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
     * A file of the rootfs: the terminal among the streams of rkt's caller, if there is one, is bound to it, and those streams are opened again there, so that the terminal has a name. In an
     * interactive pod that terminal is one which rkt has made, and rkt stays before it. Since 1.1.
     */
    terminal: z.optional(location),
    /** rkt tells `HostFacts.notifySocket` that the pod is ready, right before it becomes the program. Since 1.1. */
    tellsReady: z.optional(z.literal(true)),
    /**
     * Leave the user namespace of the plan's step `id-map` open in the program, as RKT_USER_NAMESPACE_FD: a program that is the user `base` of the map may join it, and has every
     * capability there. Default false. Since 1.1.
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
  /** A further program in a running pod: joins the namespaces, root and cgroup of `member` first. */
  z.strictObject({
    ...common,
    into: z.literal('member'),
    member: processIdentity,
    namespaces: z.array(joinableKind),
    /**
     * It was not rkt that compiled the member's filters: what joins it has the same programs, as the kernel shows them, but for what the member has added to them.
     * Where they are not shown, the one of `process`, which has to refuse as much. Default false. Since 1.1.
     */
    filtersOfMember: z.optional(z.boolean()),
  }),
]);
export type Launch = z.infer<typeof launch>;
