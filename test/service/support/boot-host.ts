import {spawnSync} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import {root} from '../../helpers/command.ts';
import {until} from '../../helpers/until.ts';

/*
 * A whole host that runs systemd, on a machine that may not: this host's own files below an overlay that is thrown away, in systemd-nspawn, with all
 * capabilities, cgroup2 alone and loopback alone, so that its ports are nobody else's. rkt runs in it as on any machine; its pods are systemd-nspawn in systemd-nspawn.
 */

const SETUP = `
set -eu
mount -t tmpfs host "$1/host"
mkdir "$1/host/upper" "$1/host/work" "$1/host/root"
mount -t overlay host -o "lowerdir=/,upperdir=$1/host/upper,workdir=$1/host/work" "$1/host/root"
`;

const BOOT = `${SETUP}
new=$1/host/root
rm -rf "$new"/etc/systemd/system/*.wants "$new/etc/rkt"
: >"$new/etc/machine-id"
mkdir -p "$new/opt/rkt" "$new/opt/test"
mkdir -p "$new/etc/systemd/system"
cp "$1/test.target" "$1/test.service" "$new/etc/systemd/system/"
mount -t tmpfs run /run
for directory in $3; do echo 0 >"$directory/cgroup.procs"; done
exec systemd-nspawn --quiet --register=no --keep-unit --boot --link-journal=no --timezone=off --resolv-conf=off --console=pipe --machine=host --private-network \\
  --capability=all "--directory=$new" "--bind-ro=$2:/opt/rkt" "--bind=$1/test:/opt/test" --tmpfs=/var/lib/rkt -- --unit=test.target --show-status=0 --log-target=null
`;

const TARGET = '[Unit]\nRequires=basic.target test.service\nAfter=basic.target\nAllowIsolate=yes\n';
const SERVICE = `[Unit]
SuccessAction=exit
FailureAction=exit
[Service]
Type=oneshot
Environment=PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
ExecStart=/bin/sh /opt/test/script
StandardOutput=append:/opt/test/output
StandardError=append:/opt/test/output
`;

const unshared = (script: string, ...args: string[]) =>
  spawnSync('/usr/bin/unshare', ['--mount', '--propagation=slave', '/bin/sh', '-c', script, 'sh', ...args], {
    env: {
      PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
      SYSTEMD_SECCOMP: '0',
      SYSTEMD_NSPAWN_LOCK: '0',
      SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
      SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'yes',
    },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 900_000,
    killSignal: 'SIGKILL',
  });

const inDirectory = async <T>(use: (directory: string) => T | Promise<T>): Promise<T> => {
  const directory = mkdtempSync(path.join(env.RKT_TEST_DIRECTORY ?? tmpdir(), 'rkt-systemd-'));
  try {
    for (const name of ['host', 'test']) mkdirSync(path.join(directory, name));
    return await use(directory);
  } finally {
    rmSync(directory, {recursive: true, force: true});
  }
};

/** Why there can be no such host here. */
export const hostObstacle = async (): Promise<string | undefined> => {
  if (!existsSync(path.join(root, 'core/dist/rkt.cjs'))) return 'rkt is not built';
  const {status, stderr} = await inDirectory((directory) => unshared(SETUP, directory));
  return status === 0 ? undefined : `no overlay of this host's files: ${stderr.trim()}`;
};

/** Where PID 1 needs a cgroup of its own. */
const hierarchies = (): string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2 | - cgroup .*\bname=systemd\b/.test(line))
    .map((line) => line.split(' ')[4] ?? '');

/** Whether it is gone: processes that were killed may take a moment. */
const removeCgroup = (directory: string): boolean => {
  if (!existsSync(directory)) return true;
  const children = readdirSync(directory, {withFileTypes: true}).filter((entry) => entry.isDirectory());
  try {
    if (!children.every(({name}) => removeCgroup(path.join(directory, name)))) return false;
    rmdirSync(directory);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EBUSY') return false;
    throw error;
  }
};

/**
 * Boots a host, runs a shell script in it as a service and shuts it down. The script sees the repository in /opt/rkt, and `files` in /opt/test.
 * Returns what the script wrote.
 */
export const bootHost = (script: string, files: Readonly<Record<string, string>>): Promise<string> =>
  inDirectory(async (directory) => {
    writeFileSync(path.join(directory, 'test.target'), TARGET);
    writeFileSync(path.join(directory, 'test.service'), SERVICE);
    writeFileSync(path.join(directory, 'test/script'), script);
    writeFileSync(path.join(directory, 'test/output'), '');
    for (const [name, source] of Object.entries(files)) {
      writeFileSync(path.join(directory, 'test', name), readFileSync(source));
    }
    const id = `systemd-${randomUUID()}`;
    const cgroups = hierarchies().map((mountPoint) => `${mountPoint}/${id}`);
    for (const cgroup of cgroups) mkdirSync(cgroup);
    try {
      const {status, stderr, error} = unshared(BOOT, directory, root, cgroups.join(' '));
      const output = readFileSync(path.join(directory, 'test/output'), 'utf8');
      if (status !== 0) throw new Error(`the host ended with ${status}: ${stderr}${error?.message ?? ''}\n${output}`);
      return output;
    } finally {
      for (const cgroup of cgroups) {
        if (existsSync(`${cgroup}/cgroup.kill`)) writeFileSync(`${cgroup}/cgroup.kill`, '1');
      }
      await until(() => cgroups.every(removeCgroup));
    }
  });
