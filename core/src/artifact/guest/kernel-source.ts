import {createHash} from 'node:crypto';
import {createReadStream, existsSync, mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {guestKernelFailed} from '../errors.ts';
import {downloadPackage} from './download-package.ts';
import {runTool} from './run-tool.ts';

/** The package that always needs the newest source. */
const NEWEST = 'linux-source';
const WHAT = 'the package of the source';

/** A package with the source of a kernel, as the distribution's signed lists have it. */
export interface KernelSource {
  /** `linux-source-6.1` */
  readonly name: string;
  readonly version: string;
  /** Of the package. */
  readonly sha256: string;
  /** Of the package. */
  readonly bytes: number;
}

/** The newest source that there is. @throws RKT_GUEST_KERNEL_FAILED */
export const newestSource = async (): Promise<KernelSource> => {
  const newest = await show(NEWEST).catch(async () => {
    // This host may never have asked what there is.
    await runTool('apt-get', ['-q', 'update'], {what: WHAT});
    return await show(NEWEST);
  });
  const name = /^Depends:.*?\b(linux-source-[0-9][\w.+-]*)/m.exec(newest)?.[1];
  if (name === undefined) throw guestKernelFailed(WHAT, `${NEWEST} needs none`);
  const text = await show(name);
  const field = (key: string) => new RegExp(`^${key}: (\\S+)$`, 'm').exec(text)?.[1];
  const [version, sha256, bytes] = [field('Version'), field('SHA256'), Number(field('Size'))];
  if (version === undefined || sha256 === undefined || !Number.isSafeInteger(bytes))
    throw guestKernelFailed(WHAT, `the list of packages has no version, digest and size of ${name}`);
  return {name, version, sha256, bytes};
};

const show = async (name: string): Promise<string> =>
  (await runTool('apt-cache', ['--no-all-versions', 'show', name], {what: WHAT})).toString('utf8');

/**
 * Downloads that source into an empty directory and takes its archive out.
 * @returns the archive, compressed with xz
 * @throws RKT_GUEST_KERNEL_FAILED
 */
export const fetchSource = async (source: KernelSource, directory: string): Promise<string> => {
  const {name, version} = source;
  const archive = await downloadPackage(`${name}=${version}`, directory, WHAT);
  await refuseOther(join(directory, archive), source);
  const tree = join(directory, 'package');
  mkdirSync(tree);
  await runTool('dpkg-deb', ['--extract', join(directory, archive), tree], {what: WHAT});
  rmSync(join(directory, archive));
  const packed = join(tree, 'usr/src', `${name}.tar.xz`);
  if (!existsSync(packed)) throw guestKernelFailed(WHAT, `${archive} has no ${name}.tar.xz`);
  return packed;
};

/** The kernel is kept as that of this package. */
export const refuseOther = async (archive: string, {name, version, sha256}: KernelSource): Promise<void> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(archive), hash);
  const digest = hash.digest('hex');
  if (digest !== sha256)
    throw guestKernelFailed(WHAT, `${name} ${version} is ${sha256} (SHA-256), and what was downloaded ${digest}`);
};
