import path from 'node:path';
import * as z from 'zod/mini';
import type {RootfsPath} from '../contract/names.ts';

/** What the kernel takes, without the NUL at its end: linux/limits.h. */
const MAX_PATH = 4095;
const MAX_NAME = 255;
/** Directories of a target: as many as an image can have above a file. Those that are missing are made one by one. */
const MAX_DEPTH = 256;
const absolute = () =>
  z.string().check(
    z.regex(/^\/[^\0]*$/, 'an absolute path'),
    z.refine((text) => Buffer.byteLength(text) <= MAX_PATH, `a path of at most ${MAX_PATH} bytes`),
  );

/** An absolute path of a rootfs: the contract's `RootfsPath`, with an error text. */
export const rootfsPath = z.lazy(() => absolute()).brand<'RootfsPath'>();

/**
 * The place in a rootfs that a mount target means: its text, taken from the root directory. `..` never leads above that, nor through a symlink, so that equal
 * and nested targets are told by their text (S17).
 */
export const placeOf = (target: string): RootfsPath =>
  path.posix.normalize(`/${target}`).replace(/(?<=.)\/$/, '') as RootfsPath;

/** A rootfs path that something is mounted at; {@link placeOf} says where that is. */
export const targetPath = z
  .lazy(() =>
    z.string().check(
      z.regex(/^[^\0]+$/, 'a path'),
      z.refine((target) => Buffer.byteLength(target) <= MAX_PATH, `a path of at most ${MAX_PATH} bytes`),
      z.refine(
        (target) => target.split('/').every((name) => Buffer.byteLength(name) <= MAX_NAME),
        `names of at most ${MAX_NAME} bytes`,
      ),
      z.refine((target) => target.split('/').length - 1 <= MAX_DEPTH, `a path of at most ${MAX_DEPTH} directories`),
    ),
  )
  .brand<'MountTarget'>();

/** An absolute path of the host: the contract's `HostPath`, with an error text. */
export const hostPath = z.lazy(() => absolute()).brand<'HostPath'>();
