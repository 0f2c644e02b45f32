import {createHash} from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import {homedir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import {download, resolve} from './apt.ts';
import {command} from './command.ts';
import {diskImage} from './disk-image.ts';
import {guestPackages} from './guest-packages.ts';
import {modulesFor} from './modules.ts';

/*
 * The guest's root directory: Debian packages, unpacked but not installed (what their scripts would do here is little). Kept in the user's cache
 * directory, by what it is made of; it can be deleted at any time.
 */

export interface GuestImage {
  /** An ext4 file system. */
  readonly disk: string;
  readonly kernel: string;
  /** The modules that it needs to see its disks, in the order in which they are loaded. */
  readonly modules: readonly string[];
  /** A static shell with the usual commands. */
  readonly busybox: string;
}

const cache = () => path.join(env.XDG_CACHE_HOME ?? path.join(homedir(), '.cache'), 'rkt-test-v2');

/** Changes with the packages and with what this file does to them. */
const keyOf = (packages: string): string =>
  createHash('sha256')
    .update(readFileSync(import.meta.filename))
    .update(packages)
    .digest('hex')
    .slice(0, 24);

/** Finds the image, or makes it. */
export const guestImage = (say: (line: string) => void): GuestImage => {
  const directory = path.join(cache(), keyOf(resolve(guestPackages)));
  if (!existsSync(directory)) {
    say('making the guest out of Debian packages; the next run finds it');
    mkdirSync(cache(), {recursive: true});
    removeUnused();
    make(directory);
  }
  utimesSync(directory, new Date(), new Date());
  return {
    disk: path.join(directory, 'disk'),
    kernel: path.join(directory, 'vmlinuz'),
    modules: readdirSync(path.join(directory, 'modules'))
      .sort()
      .map((name) => path.join(directory, 'modules', name)),
    busybox: path.join(directory, 'busybox'),
  };
};

const DAY = 86_400_000;

/** Older guests, and what was begun and not finished; not those of runs beside this one. */
const removeUnused = (): void => {
  for (const name of readdirSync(cache())) {
    const file = path.join(cache(), name);
    const used = statSync(file, {throwIfNoEntry: false})?.mtimeMs ?? 0;
    if (used < Date.now() - DAY) rmSync(file, {recursive: true, force: true});
  }
};

const make = (directory: string): void => {
  const work = mkdtempSync(`${directory}.`);
  try {
    const [tree, archives, made] = ['tree', 'archives', 'made'].map((name) => path.join(work, name)) as [
      string,
      string,
      string,
    ];
    download(guestPackages, archives);
    unpack(archives, tree);
    const release = configure(tree);
    mkdirSync(path.join(made, 'modules'), {recursive: true});
    for (const [index, file] of modulesFor(tree, release, ['virtio_pci', 'virtio_blk']).entries()) {
      copyFileSync(file, path.join(made, 'modules', `${String(index).padStart(2, '0')}-${path.basename(file)}`));
    }
    copyFileSync(path.join(tree, `boot/vmlinuz-${release}`), path.join(made, 'vmlinuz'));
    copyFileSync(path.join(tree, 'bin/busybox'), path.join(made, 'busybox'));
    diskImage(tree, path.join(made, 'disk'), '8G');
    // Another run may have made it meanwhile.
    if (!existsSync(directory)) renameSync(made, directory);
  } finally {
    rmSync(work, {recursive: true, force: true});
  }
};

const MERGED = ['bin', 'sbin', 'lib', 'lib64'];

const unpack = (archives: string, tree: string): void => {
  for (const name of MERGED) {
    mkdirSync(path.join(tree, 'usr', name), {recursive: true});
    symlinkSync(`usr/${name}`, path.join(tree, name));
  }
  for (const name of readdirSync(archives).filter((entry) => entry.endsWith('.deb'))) {
    const files = command('dpkg-deb', ['--fsys-tarfile', path.join(archives, name)]);
    // `dpkg-deb --extract` would put a directory in the place of /bin.
    command('tar', ['--extract', '--preserve-permissions', '--keep-directory-symlink', '--directory', tree], files);
  }
};

/** Does what the scripts of packages would have done. Returns the kernel's release. */
const configure = (tree: string): string => {
  const at = (name: string) => path.join(tree, name);
  for (const name of ['passwd', 'group']) {
    copyFileSync(at(`usr/share/base-passwd/${name}.master`), at(`etc/${name}`));
  }
  const files = {
    'etc/hostname': 'guest\n',
    'etc/hosts': '127.0.0.1 localhost guest\n',
    'etc/fstab': '',
    // Otherwise every start is the first one, which sets up the machine.
    'etc/machine-id': `${createHash('md5').update('guest').digest('hex')}\n`,
    // Tests ask what there is before anything would load these.
    'etc/modules-load.d/rkt.conf': 'overlay\nloop\ntun\n',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(at(name), content);
  symlinkSync('mawk', at('usr/bin/awk'));
  const [release = ''] = readdirSync(at('lib/modules'));
  command('chroot', [tree, '/sbin/depmod', release]);
  command('chroot', [tree, '/sbin/ldconfig']);
  return release;
};
