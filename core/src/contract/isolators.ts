import * as z from 'zod/mini';
import {bytesByPageSize, capability, numbers} from './process.ts';

/*
 * The values a flavor and the report see: quantities as integers in base units, wildcards still by name.
 * What they mean for a process is already compiled into `App.process` and `App.limits`.
 */

const capabilitySet = z.strictObject({set: z.array(capability)});
const syscallSet = z.strictObject({set: z.array(z.string()), errno: z.optional(z.string())});
const rate = z.strictObject({limit: z.int().check(z.nonnegative())});

/** Schema of each isolator's value, by name: appc 0.8.11 (ace.md, "Isolators"), rkt's, and `resource/pids`, `os/unix/rlimits` of this project. */
export const isolatorValues = {
  'os/linux/apparmor-profile': z.strictObject({profile: z.string()}),
  'os/linux/capabilities-remove-set': capabilitySet,
  'os/linux/capabilities-retain-set': capabilitySet,
  /** Relative weight, 2 to 262144. */
  'os/linux/cpu-shares': z.strictObject({shares: z.int()}),
  /** Numbers of the host's processors, ascending. Since 1.1. */
  'os/linux/cpuset-cpus': z.strictObject({cpus: numbers}),
  /** Numbers of the host's memory nodes, ascending. Since 1.1. */
  'os/linux/cpuset-mems': z.strictObject({nodes: numbers}),
  'os/linux/no-new-privileges': z.strictObject({enabled: z.boolean()}),
  /** -1000 to 1000. */
  'os/linux/oom-score-adj': z.strictObject({score: z.int()}),
  'os/linux/seccomp-remove-set': syscallSet,
  'os/linux/seccomp-retain-set': syscallSet,
  'os/linux/selinux-context': z.strictObject({
    user: z.string(),
    role: z.string(),
    type: z.string(),
    level: z.string(),
  }),
  /** Resource name without `RLIMIT_`, lower case, to soft and hard limit; `null` is unlimited. */
  'os/unix/rlimits': z.strictObject({
    limits: z.record(z.string(), z.strictObject({soft: z.nullable(z.int()), hard: z.nullable(z.int())})),
  }),
  'os/unix/sysctl': z.strictObject({values: z.record(z.string(), z.string())}),
  /** Bytes per second. */
  'resource/block-bandwidth': rate,
  /** Operations per second. */
  'resource/block-iops': rate,
  /** Thousandths of a core. */
  'resource/cpu': z.strictObject({request: z.int(), limit: z.int()}),
  /** Bytes, by the size of a page in bytes. Since 1.1. */
  'resource/hugepages': z.strictObject({limits: bytesByPageSize}),
  /** Bytes. */
  'resource/memory': z.strictObject({request: z.int(), limit: z.int()}),
  /** Bytes per second. */
  'resource/network-bandwidth': rate,
  /** Number of tasks. */
  'resource/pids': z.strictObject({limit: z.int()}),
} as const;

/**
 * Every isolator the contract knows, with the type of its value. Open: a third party adds its own by
 * `declare module '@rkt/core/contract' { interface IsolatorMap { 'os/linux/landlock': LandlockValue } }`.
 * A declaration that lacks a key does not compile.
 */
export interface IsolatorMap extends BuiltInIsolators {}
type BuiltInIsolators = {readonly [K in keyof typeof isolatorValues]: z.infer<(typeof isolatorValues)[K]>};
export type IsolatorName = keyof IsolatorMap;

export const isolatorNames = Object.keys(isolatorValues) as (keyof typeof isolatorValues)[];

/** The isolators of an app or of a pod, by name; absent ones were not asked for. */
export const isolators = z.record(z.string(), z.unknown());
export type Isolators = {readonly [K in IsolatorName]?: IsolatorMap[K]};
