import type {HostPath} from '../contract/names.ts';
import type {Plan} from '../contract/plan.ts';
import type {Fd} from '../linux/fd.ts';
import {openTree, setMountAttributes} from '../linux/mount.ts';
import {openStored} from '../linux/open-stored.ts';
import {O_PATH} from '../linux/openat2.ts';
import {readJsonIfWhole} from '../linux/read-json.ts';
import {isErrno} from '../linux/syscall-error.ts';

/** File system images of the layers of images. */
export const diskImagesDirectory = (dataDir: HostPath): HostPath => `${dataDir}/cas/disk-images` as HostPath;

/** The files of an image, by its key. */
export const diskImageFiles = (key: string) => ({image: `${key}.erofs`, layers: `${key}.json`}) as const;

const DIGEST = /^\/cas\/(images\/sha512-[0-9a-f]{128}|tree\/[0-9a-f]{64})\/rootfs$/;

/**
 * What the image of some layers is found by, and trusted to be theirs for: whoever makes images can make two that any short hash takes for one (S12), so the digest in the path of a layer, or one of
 * several paths.
 */
export const diskImageKey = (dataDir: HostPath, layers: readonly HostPath[]): string => {
  const [only = '', ...further] = layers;
  const [, digest] =
    further.length === 0 && only.startsWith(dataDir) ? (DIGEST.exec(only.slice(dataDir.length)) ?? []) : [];
  // Most images are one layer: for those node:crypto need not be loaded.
  return digest?.replace('/', '-') ?? process.getBuiltinModule('node:crypto').hash('sha256', JSON.stringify(layers));
};

/** The layers that an image is of; `undefined` if nothing whole tells. */
export const readLayers = (file: string): readonly string[] | undefined => readJsonIfWhole(file);

/**
 * The images of a plan's `disk-image` steps, by the steps' ids, made if they are not there: detached read-only mounts of the files, of this mount namespace. Whoever collects the files does no
 * harm to these.
 */
export const takeDiskImages = async (
  dataDir: HostPath,
  {filesystem, environment}: Pick<Plan, 'filesystem' | 'environment'>,
): Promise<ReadonlyMap<string, Fd>> => {
  const images = new Map<string, Fd>();
  for (const step of [...filesystem, ...environment]) {
    if (step.do === 'disk-image') images.set(step.id, await diskImage(dataDir, step.layers));
  }
  return images;
};

const diskImage = async (dataDir: HostPath, layers: readonly HostPath[]): Promise<Fd> => {
  const key = diskImageKey(dataDir, layers);
  const open = (): Fd => {
    using file = openStored(`${diskImagesDirectory(dataDir)}/${diskImageFiles(key).image}` as HostPath, O_PATH);
    const mount = openTree(file);
    setMountAttributes(mount, {flags: ['ro', 'nosuid', 'nodev', 'noexec'], propagation: 'private'});
    return mount;
  };
  try {
    return open();
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
  const [{buildDiskImage}, {diskImageLimit}, {openStore}] = await Promise.all([
    import('./build-disk-image.ts'),
    import('./disk-image-limit.ts'),
    import('../image/store.ts'),
  ]);
  await buildDiskImage(dataDir, layers, key, diskImageLimit(openStore(dataDir), layers));
  return open();
};
