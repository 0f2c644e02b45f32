import {spawnSync} from 'node:child_process';
import {env, getuid} from 'node:process';
import {program} from '../runner/packages.ts';

/** What this host needs, by the Debian package that has it. */
const NEEDED = {'qemu-system-x86_64': 'qemu-system-x86', mke2fs: 'e2fsprogs'} as const;

const missing = () => Object.entries(NEEDED).filter(([name]) => program(name) === undefined);

/** Installs what is missing. Returns why the guest cannot be run here. */
export const prepareHost = (say: (line: string) => void): string | undefined => {
  if (process.arch !== 'x64') return `the guest is a PC, and this host is ${process.arch}`;
  if (getuid?.() !== 0) return 'not root, so the files of the guest could not belong to its users';
  const apt = program('apt-get');
  if (apt === undefined || program('dpkg-deb') === undefined)
    return 'no apt-get here: the guest is made of Debian packages';
  const packages = missing().map(([, name]) => name);
  if (packages.length === 0) return undefined;
  say(`installing Debian packages: ${packages.join(' ')}`);
  const run = (...args: string[]) =>
    // Somebody else may be installing something.
    spawnSync(apt, ['-o', 'DPkg::Lock::Timeout=600', ...args], {
      env: {...env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C.UTF-8'},
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    });
  run('update', '-q');
  const {status, stderr} = run('install', '-y', '-q', '--no-install-recommends', ...packages);
  if (status === 0) return undefined;
  return `${packages.join(', ')} cannot be installed (apt-get: ${stderr.trim().split('\n').at(-1)})`;
};
