import * as z from 'zod/mini';

/** What the kernel takes, without the NUL at its end: linux/limits.h. */
const MAX_PATH = 4095;
const MAX_NAME = 255;
/** Directories of a target: as many as an image can have above a file. Those that are missing are made one by one. */
const MAX_DEPTH = 256;
const absolute = () =>
  z.string().check(
    z.regex(/^\/[^\0]*$/, 'an absolute path'),
    z.refine((path) => Buffer.byteLength(path) <= MAX_PATH, `a path of at most ${MAX_PATH} bytes`),
  );

/** An absolute path of a rootfs: the contract's `RootfsPath`, with an error text. */
export const rootfsPath = z.lazy(() => absolute()).brand<'RootfsPath'>();

/** A rootfs path that something is mounted at. No `..`: overlapping targets are told by their text (appc EX-12, S17). */
export const targetPath = z
  .lazy(() =>
    absolute().check(
      z.refine((path) => !path.split('/').includes('..'), 'an absolute path without ".."'),
      z.refine(
        (path) => path.split('/').every((name) => Buffer.byteLength(name) <= MAX_NAME),
        `names of at most ${MAX_NAME} bytes`,
      ),
      z.refine((path) => path.split('/').length - 1 <= MAX_DEPTH, `a path of at most ${MAX_DEPTH} directories`),
    ),
  )
  .brand<'RootfsPath'>();

/** An absolute path of the host: the contract's `HostPath`, with an error text. */
export const hostPath = z.lazy(() => absolute()).brand<'HostPath'>();
