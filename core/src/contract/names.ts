import * as z from 'zod/mini';
import {ABSOLUTE_PATH, MAX_ABSOLUTE_PATH, MAX_POD_PATH, POD_PATH} from './patterns.ts';

/*
 * Branded strings: a value of one of these types has been parsed, and one kind of path cannot stand where another is meant.
 */

/** RFC 4122, lower case, with hyphens. */
export const uuid = z
  .string()
  .check(z.regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/))
  .brand<'Uuid'>();
export type Uuid = z.infer<typeof uuid>;

/** `sha512-` and the 128 hexadecimal digits of the digest of the uncompressed archive (appc TY-05, IM-09). */
export const imageId = z
  .string()
  .check(z.regex(/^sha512-[0-9a-f]{128}$/))
  .brand<'ImageId'>();
export type ImageId = z.infer<typeof imageId>;

/** An AC Name, unique in its pod (appc TY-02, PO-04). */
export const appName = z
  .string()
  .check(z.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/), z.maxLength(64))
  .brand<'AppName'>();
export type AppName = z.infer<typeof appName>;

/** An AC Name of a volume. */
export const volumeName = z
  .string()
  .check(z.regex(/^[a-z0-9]+(-[a-z0-9]+)*$/), z.maxLength(64))
  .brand<'VolumeName'>();
export type VolumeName = z.infer<typeof volumeName>;

const absolute = z.string().check(z.regex(ABSOLUTE_PATH), z.maxLength(MAX_ABSOLUTE_PATH));

/** An absolute path on the host, chosen by the operator or by rkt, never by an image. */
export const hostPath = absolute.brand<'HostPath'>();
export type HostPath = z.infer<typeof hostPath>;

/** An absolute path inside the rootfs of an app. Hostile: only resolved below a descriptor of that rootfs. */
export const rootfsPath = absolute.brand<'RootfsPath'>();
export type RootfsPath = z.infer<typeof rootfsPath>;

/** A path relative to the directory of the pod, without `..`. */
export const podPath = z.string().check(z.regex(POD_PATH), z.maxLength(MAX_POD_PATH)).brand<'PodPath'>();
export type PodPath = z.infer<typeof podPath>;
