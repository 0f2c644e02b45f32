import * as z from 'zod/mini';
import {launch} from './launch.ts';
import {uuid} from './names.ts';
import {stepSchema} from './step.ts';
import {readBackSource} from './support.ts';

/** Everything that will happen to bring a pod up, as data: what `rkt plan` prints and the executor performs. */
export const plan = z.strictObject({
  contract: z.string(),
  pod: uuid,
  flavor: z.strictObject({name: z.string(), version: z.string(), digest: z.string()}),
  filesystem: z.array(stepSchema),
  environment: z.array(stepSchema),
  launch,
});
export type Plan = z.infer<typeof plan>;

/** One promise about one pod. */
export const reportEntry = z.strictObject({
  kind: z.enum(['isolator', 'feature']),
  name: z.string(),
  /** `null` for the pod as a whole. */
  app: z.nullable(z.string()),
  /** Asked for by the pod, or applied because it is rkt's default. */
  origin: z.enum(['asked', 'default']),
  /** `unproved` only of a stage1 made for rkt. */
  verdict: z.enum(['enforced', 'modified', 'unproved', 'ignored']),
  /** The value in force, or the one that was asked for when ignored. */
  value: z.unknown(),
  /** Mechanism, or the consequence of its absence. */
  how: z.string(),
  readBack: z.optional(readBackSource),
});
export type ReportEntry = z.infer<typeof reportEntry>;

/** Which isolators were enforced, modified or ignored (appc EX-33); kept with the pod. */
export const enforcementReport = z.strictObject({
  flavor: z.string(),
  entries: z.array(reportEntry),
});
export type EnforcementReport = z.infer<typeof enforcementReport>;
