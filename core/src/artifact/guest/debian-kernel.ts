import {existsSync, mkdirSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {guestKernelFailed} from '../errors.ts';
import {downloadPackage} from './download-package.ts';
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
  const name = await newestKernel();
  const archive = await downloadPackage(name, directory, WHAT);
  const tree = join(directory, 'tree');
  mkdirSync(tree);
  await runTool('dpkg-deb', ['--extract', join(directory, archive), tree], {what: WHAT});
  const image = readdirSync(join(tree, 'boot')).find((file) => file.startsWith('vmlinuz-'));
  if (image === undefined) throw guestKernelFailed(WHAT, `${archive} has no kernel`);
  const release = image.slice('vmlinuz-'.length);
  const modules = ['lib/modules', 'usr/lib/modules']
    .map((path) => join(tree, path, release))
    .find((path) => existsSync(path));
  if (modules === undefined) throw guestKernelFailed(WHAT, `${archive} has no modules`);
  return {image: join(tree, 'boot', image), modules, release, from: packageOf(archive)};
};

const newestKernel = async (): Promise<string> => {
  const read = async () =>
    (await runTool('apt-cache', ['--no-all-versions', 'show', NEWEST], {what: WHAT})).toString('utf8');
  const text = await read().catch(async () => {
    // This host may never have asked what there is.
    await runTool('apt-get', ['-q', 'update'], {what: WHAT});
    return await read();
  });
  const name = /^Depends:.*?\b(linux-image-[0-9][\w.+-]*)/m.exec(text)?.[1];
  if (name === undefined) throw guestKernelFailed(WHAT, `${NEWEST} needs none`);
  return name;
};

/** Of `linux-image-6.1.0-56-amd64_6.1.192-1_amd64.deb`; of what an epoch has a colon, apt has made `%3a`. */
const packageOf = (archive: string): string =>
  archive
    .replace(/_[^_]*\.deb$/, '')
    .replace('_', ' ')
    .replaceAll('%3a', ':');
