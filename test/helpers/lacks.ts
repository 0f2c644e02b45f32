import {existsSync, readFileSync} from 'node:fs';
import {env, getuid} from 'node:process';
import {program} from '../runner/packages.ts';

type Need =
  | 'root'
  | 'overlay'
  | 'seccomp'
  | `program/${string}`
  | `cgroup/${string}`
  | `capability/${number}`
  | 'lsm/apparmor'
  | 'lsm/selinux'
  | 'cgroups'
  | 'built';

/** Whether controllers can be used, in any mounted hierarchy. */
const controllers = (): string[] => {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
  const v1 = mounts
    .filter((line) => line.includes(' - cgroup '))
    .flatMap((line) => line.split(' ').at(-1)?.split(',') ?? []);
  const v2 = mounts
    .filter((line) => line.includes(' - cgroup2 '))
    .flatMap((line) => {
      const file = `${line.split(' ')[4]}/cgroup.controllers`;
      return existsSync(file) ? readFileSync(file, 'utf8').trim().split(' ') : [];
    });
  return [...v1, ...v2];
};
const cgroups = () => / - cgroup2? /.test(readFileSync('/proc/self/mountinfo', 'utf8'));

const effective = BigInt(`0x${/^CapEff:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'}`);

const APPARMOR = '/sys/module/apparmor/parameters/enabled';

const check = (need: Need): string | undefined => {
  const [kind = '', name = ''] = need.split('/');
  if (kind === 'program') return program(name) ? undefined : (env.RKT_TEST_MISSING ?? `${name} is not installed`);
  if (kind === 'cgroup') return controllers().includes(name) ? undefined : `no cgroup controller "${name}"`;
  if (kind === 'capability')
    return (effective >> BigInt(name)) & 1n ? undefined : `capability ${name} is not in CapEff`;
  // In a container of a host that has it there is no securityfs.
  if (need === 'lsm/apparmor')
    return existsSync(APPARMOR) && readFileSync(APPARMOR, 'utf8').startsWith('Y') ? undefined : 'no AppArmor here';
  if (need === 'lsm/selinux') return existsSync('/sys/fs/selinux/enforce') ? undefined : 'no SELinux here';
  if (need === 'root') return getuid?.() === 0 && (effective >> 21n) & 1n ? undefined : 'not root with CAP_SYS_ADMIN';
  if (need === 'cgroups') return cgroups() ? undefined : 'no cgroups are mounted';
  if (need === 'seccomp') {
    return existsSync('/proc/sys/kernel/seccomp/actions_avail') ? undefined : 'the kernel has no seccomp filters';
  }
  if (need === 'overlay') {
    return /\toverlay$/m.test(readFileSync('/proc/filesystems', 'utf8')) ? undefined : 'no overlayfs in this kernel';
  }
  return undefined;
};

/** Why this host cannot do all of that: `testIf(lacks('root', 'cgroup/memory'))`. */
export const lacks = (...needs: Need[]): string | undefined => {
  const reasons = needs.flatMap((need) => check(need) ?? []);
  return reasons.length > 0 ? reasons.join(', ') : undefined;
};

/** What every test with a real pod needs. */
export const lacksPods = (...more: Need[]): string | undefined =>
  lacks(
    ...(['root', 'program/busybox', 'program/bsdtar'] as const),
    ...(env.RKT_TEST_FLAVOR === 'nspawn' ? (['program/systemd-nspawn'] as const) : []),
    ...more,
  );
