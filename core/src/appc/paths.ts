import * as z from 'zod/mini';

const MAX_PATH = 4096;
const absolute = () =>
  z
    .string()
    .check(
      z.regex(/^\/[^\0]*$/, 'an absolute path'),
      z.maxLength(MAX_PATH, `a path of at most ${MAX_PATH} characters`),
    );

/** An absolute path of a rootfs: the contract's `RootfsPath`, with an error text. */
export const rootfsPath = z.lazy(() => absolute()).brand<'RootfsPath'>();

/** A rootfs path that something is mounted at. No `..`: overlapping targets are told by their text (appc EX-12, S17). */
export const targetPath = z
  .lazy(() => absolute().check(z.refine((path) => !path.split('/').includes('..'), 'an absolute path without ".."')))
  .brand<'RootfsPath'>();

/** An absolute path of the host: the contract's `HostPath`, with an error text. */
export const hostPath = z.lazy(() => absolute()).brand<'HostPath'>();
