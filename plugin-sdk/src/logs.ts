import type {App, PodPath} from '@rkt/core/contract';

/** The directory of the pod in which `rkt logs` looks for what apps with `stdio` `log` have written. A flavor makes it. */
export const LOGS = 'stage1/rootfs/rkt/logs' as PodPath;

/**
 * The directory of the pod in which `rkt logs` looks for the journal of apps with `stdio` `journal`. A flavor makes it. The files are in a directory of it that
 * is named by the pod's UUID without hyphens, as by its machine ID. An entry that came through a stream (`_TRANSPORT=stdout`) with the name of an app as its
 * identifier is one of its lines: by the priority `err` (3) of standard error, else of standard output.
 */
export const JOURNAL = 'stage1/rootfs/rkt/journal' as PodPath;

/** The file of one stream. */
export const logPath = (app: App, stream: 'stdout' | 'stderr'): PodPath => `${LOGS}/${app.name}.${stream}` as PodPath;
