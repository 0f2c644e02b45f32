import * as z from 'zod/mini';
import {appName, hostPath, podPath, rootfsPath} from './names.ts';

/**
 * Where a step works. The executor opens the base as a descriptor and resolves `path` below it with `openat2`;
 * nothing ever joins the two as strings.
 */
export const location = z.discriminatedUnion('in', [
  /** The host's file system. */
  z.strictObject({in: z.literal('host'), path: hostPath}),
  /** The pod's own directory on the host (mode 0700, root). */
  z.strictObject({in: z.literal('pod'), path: podPath}),
  /** The rootfs of an app, as mounted by an earlier `overlay` or `bind` step. Symlinks resolve inside it. */
  z.strictObject({in: z.literal('rootfs'), app: appName, path: rootfsPath}),
]);
export type Location = z.infer<typeof location>;

/** Whether mounts below a mount of the host come into the pod (`slave`), and the other way, too (`shared`). */
export const propagation = z.enum(['shared', 'slave']);
