import * as z from 'zod/mini';
import {cgroupLimits} from './process.ts';
import {joinableKind} from './step.ts';

/** A program that is known by its path is not asked for its version, and so says nothing of what it has been built with. */
const noSlash = z.string().check(z.regex(/^[^/]+$/));

/**
 * What a host must have for a promise to hold. The core decides each from the host facts; an isolator whose requirement
 * is not met is `impossible` on this host, even if the flavor knows how.
 */
export const hostRequirement = z.union(
  [
    z.templateLiteral(['cgroup/', z.string()]),
    z.templateLiteral(['capability/', z.string()]),
    z.templateLiteral(['program/', z.string().check(z.regex(/^(\/.+|[^/]+)$/))]),
    /** A program of `HostFacts.programs`, and one of its `features`: `built-with/systemd-nspawn/APPARMOR`. Since 1.1. */
    z.templateLiteral(['built-with/', noSlash, '/', noSlash]),
    z.templateLiteral(['filesystem/', z.string()]),
    z.templateLiteral(['lsm/', z.enum(['selinux', 'apparmor'])]),
    z.literal('device-policy'),
    z.literal('landlock'),
    z.literal('seccomp'),
    z.literal('user-namespaces'),
    /** rkt is root of the host, not only of a user namespace. Since 1.1. */
    z.literal('root'),
    /** rkt is only root of a user namespace, as an ordinary user has it. Since 1.1. */
    z.literal('rootless'),
    /** Pods can have users and groups besides root, which an ordinary user may lack. Since 1.1. */
    z.literal('ids'),
  ],
  'a requirement that rkt knows (lsm/apparmor, program/NAME, built-with/NAME/FEATURE, …)',
);
export type HostRequirement = z.infer<typeof hostRequirement>;

/** How `status --verify` reads a promise back from the running kernel, for the process of each app. */
export const readBackSource = z.discriminatedUnion('from', [
  /** A field of /proc/PID/status. */
  z.strictObject({from: z.literal('status'), field: z.enum(['CapBnd', 'NoNewPrivs', 'Seccomp'])}),
  /** A limit of the app's cgroup; v1 and v2 files are the core's business. */
  z.strictObject({from: z.literal('cgroup'), limit: z.keyof(cgroupLimits)}),
  /** The devices that the pod's cgroup allows. */
  z.strictObject({from: z.literal('devices')}),
  /** /proc/PID/limits */
  z.strictObject({from: z.literal('limits')}),
  /** /proc/PID/oom_score_adj */
  z.strictObject({from: z.literal('oom-score-adj')}),
  /** /proc/PID/mountinfo */
  z.strictObject({from: z.literal('mountinfo')}),
  /** /proc/PID/ns/KIND differs from (`own`) or equals (`host`) that of the host's init. */
  z.strictObject({from: z.literal('namespace'), kind: joinableKind, is: z.enum(['own', 'host'])}),
  /** /proc/PID/attr/current */
  z.strictObject({from: z.literal('label')}),
]);
export type ReadBack = z.infer<typeof readBackSource>;

/** What a flavor says about one isolator, feature or verb. */
export const support = z.discriminatedUnion('level', [
  /** Holds exactly as asked. */
  z.strictObject({
    level: z.literal('enforced'),
    mechanism: z.string(),
    requires: z.optional(z.array(hostRequirement)),
    readBack: z.optional(readBackSource),
  }),
  /** The purpose is met by other means; the report says `modified`. */
  z.strictObject({
    level: z.literal('equivalent'),
    mechanism: z.string(),
    consequence: z.string(),
    requires: z.optional(z.array(hostRequirement)),
    readBack: z.optional(readBackSource),
  }),
  /** Asking for it changes nothing here, and nothing is lost; the report says `ignored`. */
  z.strictObject({level: z.literal('not-applicable'), consequence: z.string()}),
  /** For stage1 images made for rkt: they are asked for it, and nothing shows whether they do it; the report says so. No flavor can declare it. Since 1.1. */
  z.strictObject({level: z.literal('unproved'), mechanism: z.string(), consequence: z.string()}),
  /** A pod that asks for it is refused unless that very name is in `--allow-degraded`. */
  z.strictObject({level: z.literal('impossible'), consequence: z.string()}),
]);
export type Support = z.infer<typeof support>;
export type SupportLevel = Support['level'];
