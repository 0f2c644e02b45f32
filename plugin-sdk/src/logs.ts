import type {App, PodPath} from '@rkt/core/contract';

/** The directory of the pod in which `rkt logs` looks for what apps have written with `stdio` `log`. The flavor has to make it. */
export const LOGS = 'stage1/rootfs/rkt/logs' as PodPath;

/**
 * The directory of the pod in which `rkt logs` looks for the journal of apps with `stdio` `journal`. The flavor has to make it. The files are in a directory in it whose name is the pod's UUID without hyphens, which is its machine ID. An entry is a
 * line of an app if it came through a stream (`_TRANSPORT=stdout`) and its identifier is the app's name. The priority `err` (3) means standard error, every other one standard output.
 */
export const JOURNAL = 'stage1/rootfs/rkt/journal' as PodPath;

/** The file of one stream. */
export const logPath = (app: App, stream: 'stdout' | 'stderr'): PodPath => `${LOGS}/${app.name}.${stream}` as PodPath;
