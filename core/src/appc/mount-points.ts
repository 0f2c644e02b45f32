import * as z from 'zod/mini';
import {bounded} from './bounded.ts';
import {volumeName} from './names.ts';
import {targetPath} from './paths.ts';
import {maybe} from './text.ts';
import {uniqueNames} from './unique.ts';

/** Where an app expects a volume (appc IM-22). */
const mountPoint = z.lazy(() =>
  z.strictObject({
    name: volumeName,
    path: targetPath,
    /** Default false. */
    readOnly: maybe(z.boolean()),
  }),
);
export type MountPoint = z.infer<typeof mountPoint>;

/** Mounts of an app, and places for them, at most. */
export const MAX_MOUNTS = 1000;

export const mountPoints = z.lazy(() => z.array(mountPoint).check(bounded(MAX_MOUNTS, 'mount points'), uniqueNames));
