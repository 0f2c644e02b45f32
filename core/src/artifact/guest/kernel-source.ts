import {existsSync, mkdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {guestKernelFailed} from '../errors.ts';
import {downloadPackage} from './download-package.ts';
import {type ListedPackage, newestListed} from './listed-package.ts';
import {runTool} from './run-tool.ts';

/** The package that always needs the newest source. */
const NEWEST = 'linux-source';
const WHAT = 'the package of the source';

/** The package with the newest source of a kernel. @throws RKT_GUEST_KERNEL_FAILED */
export const newestSource = (): Promise<ListedPackage> => newestListed(NEWEST, /\blinux-source-[0-9][\w.+-]*/, WHAT);

/**
 * Downloads that source into an empty directory and takes its archive out.
 * @returns the archive, compressed with xz
 * @throws RKT_GUEST_KERNEL_FAILED
 */
export const fetchSource = async (source: ListedPackage, directory: string): Promise<string> => {
  const {name} = source;
  const archive = await downloadPackage(source, directory, WHAT);
  const tree = join(directory, 'package');
  mkdirSync(tree);
  await runTool('dpkg-deb', ['--extract', archive, tree], {what: WHAT});
  rmSync(archive);
  const packed = join(tree, 'usr/src', `${name}.tar.xz`);
  if (!existsSync(packed)) throw guestKernelFailed(WHAT, `the package has no ${name}.tar.xz`);
  return packed;
};
