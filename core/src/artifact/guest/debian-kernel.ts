import {existsSync, mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {guestKernelFailed} from '../errors.ts';
import {downloadPackage} from './download-package.ts';
import {newestListed} from './listed-package.ts';
import {runTool} from './run-tool.ts';

/** The package that always needs the newest kernel. */
const NEWEST = 'linux-image-amd64';
const WHAT = 'the package of the kernel';

/** An unpacked kernel that is not installed. */
export interface UnpackedKernel {
  /** The bzImage. */
  readonly image: string;
  /** With modules below it. */
  readonly modules: string;
  /** `6.1.0-56-amd64` */
  readonly release: string;
  /** The package, with its version. */
  readonly from: string;
}

/** Downloads and unpacks Debian's newest kernel into an empty directory. */
export const fetchDebianKernel = async (directory: string): Promise<UnpackedKernel> => {
  const listed = await newestListed(NEWEST, /\blinux-image-[0-9][\w.+-]*/, WHAT);
  const {name, version} = listed;
  const archive = await downloadPackage(listed, directory, WHAT);
  const tree = join(directory, 'tree');
  mkdirSync(tree);
  await runTool('dpkg-deb', ['--extract', archive, tree], {what: WHAT});
  const image = readdirSync(join(tree, 'boot')).find((file) => file.startsWith('vmlinuz-'));
  if (image === undefined) throw guestKernelFailed(WHAT, `${name} has no kernel`);
  const release = image.slice('vmlinuz-'.length);
  const modules = ['lib/modules', 'usr/lib/modules']
    .map((path) => join(tree, path, release))
    .find((path) => existsSync(path));
  if (modules === undefined) throw guestKernelFailed(WHAT, `${name} has no modules`);
  return {image: join(tree, 'boot', image), modules, release, from: `${name} ${version}`};
};
