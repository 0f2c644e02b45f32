import {spawnSync} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {env, getuid} from 'node:process';

const DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** A program of the host in one of the fixed system directories. */
export const program = (name: string): string | undefined =>
  DIRECTORIES.map((directory) => `${directory}/${name}`).find((file) => existsSync(file));

const isStatic = (file: string | undefined) =>
  file !== undefined && !readFileSync(file).subarray(0, 4096).includes('/ld-linux');
const hasLibrary = (name: string) =>
  ['/usr/lib', '/lib'].some(
    (directory) =>
      existsSync(directory) &&
      readdirSync(directory).some((entry) => entry === name || existsSync(`${directory}/${entry}/${name}`)),
  );

/** Debian packages that tests use, and how to see that one is there already. */
const PACKAGES: Readonly<Record<string, () => boolean>> = {
  bubblewrap: () => program('bwrap') !== undefined,
  'busybox-static': () => isStatic(program('busybox')),
  bzip2: () => program('bzip2') !== undefined,
  dbus: () => program('dbus-daemon') !== undefined,
  crun: () => program('crun') !== undefined,
  'erofs-utils': () => program('mkfs.erofs') !== undefined,
  fish: () => program('fish') !== undefined,
  iproute2: () => program('ip') !== undefined,
  'libarchive-tools': () => program('bsdtar') !== undefined,
  libseccomp2: () => hasLibrary('libseccomp.so.2'),
  lz4: () => program('lz4') !== undefined,
  openssl: () => program('openssl') !== undefined,
  python3: () => existsSync('/usr/bin/python3'),
  'qemu-system-x86': () => process.arch !== 'x64' || program('qemu-system-x86_64') !== undefined,
  systemd: () => existsSync('/usr/lib/systemd/systemd'),
  'systemd-container': () => program('systemd-nspawn') !== undefined,
  uidmap: () => program('newuidmap') !== undefined,
  'util-linux': () => program('setpriv') !== undefined && program('unshare') !== undefined,
  'xz-utils': () => program('xz') !== undefined,
  zsh: () => program('zsh') !== undefined,
  zstd: () => program('zstd') !== undefined,
  // What a kernel is compiled with, and a page looked at.
  ...(env.RKT_TEST_LONG === '1' && {
    bc: () => program('bc') !== undefined,
    chromium: () => program('chromium') !== undefined,
    bison: () => program('bison') !== undefined,
    flex: () => program('flex') !== undefined,
    'libelf-dev': () => existsSync('/usr/include/libelf.h'),
  }),
};

/** Packages that are not there. */
export const missingPackages = (): string[] =>
  Object.entries(PACKAGES).flatMap(([name, present]) => (present() ? [] : [name]));

/** Installs what is missing if this host lets us. Returns why the rest is missing still. */
export const installPackages = (say: (line: string) => void): string | undefined => {
  const missing = missingPackages();
  if (missing.length === 0) return undefined;
  const apt = program('apt-get');
  if (getuid?.() !== 0) return `${missing.join(', ')} not installed (not root, so not installed by the tests)`;
  if (apt === undefined) return `${missing.join(', ')} not installed (no apt-get here)`;
  say(`installing Debian packages: ${missing.join(' ')}`);
  // Somebody else may be installing, too.
  const patience = '-oDPkg::Lock::Timeout=300';
  const run = (...args: string[]) =>
    spawnSync(apt, [patience, ...args], {
      env: {PATH: DIRECTORIES.join(':'), DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8', ...proxies()},
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    });
  const update = run('update', '-q');
  const install = run('install', '-y', '-q', '--no-install-recommends', ...missing);
  if (install.status === 0) return undefined;
  const why = (install.stderr || update.stderr).trim().split('\n').at(-1) ?? '';
  return `${missingPackages().join(', ')} not installed (apt-get: ${why})`;
};

const proxies = () =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name)));
