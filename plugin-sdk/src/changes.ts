import type {PodPath} from '@rkt/core/contract';

/**
 * The directory of the pod in which `rkt export` looks for what apps with an overlay have written, if that is not where rkt has made a place for it (`upper`). The flavor has to make it. The file of an app has its name: an archive, not compressed, of what the
 * overlay has above its layers, as a directory `rootfs`, with its whiteouts (devices 0:0) and opaque directories (`trusted.overlay.opaque`), as GNU tar makes one with `--xattrs`. It is there as soon as it is whole, and empty if the app has written nothing.
 */
export const CHANGES = 'stage1/rootfs/rkt/changes' as PodPath;
