/*
 * What values of the contract look like, in a file without schemas: code that only needs the patterns does not pay for them.
 */

/** Of the host, or inside the rootfs of an app. */
export const ABSOLUTE_PATH = /^\/[^\0]*$/;
export const MAX_ABSOLUTE_PATH = 4096;

/** Below the directory of the pod, without `..`. */
export const POD_PATH = /^(?!.*(^|\/)\.\.?(\/|$))[^/\0][^\0]*$/;
export const MAX_POD_PATH = 1024;

/** Generations below the launched program that an app can be. */
export const MAX_GENERATION = 8;
