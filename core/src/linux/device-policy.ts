import {constants, readFileSync, writeFileSync} from 'node:fs';
import type {DeviceRule} from '../contract/devices.ts';
import {attachDeviceProgram, deviceProgramTags, loadDeviceProgram, programTag} from './bpf.ts';
import type {CgroupFacts, Hierarchy} from './cgroup-hierarchies.ts';
import {directoryOf, isWithin, membershipIn} from './cgroup-paths.ts';
import {deviceProgram} from './device-program.ts';
import {showRule} from './device-rule.ts';
import {devicePolicyNotHeld} from './errors.ts';
import type {Fd} from './fd.ts';
import {openHost} from './openat2.ts';
import type {CgroupMembership} from './proc-cgroup.ts';
import {isErrno, SyscallError} from './syscall-error.ts';

/** The controller of cgroup v1. */
export const DEVICES = 'devices';

/**
 * How the devices of a cgroup can be limited here. A program of v2 is preferred: what runs below cannot change it, and the pod's cgroup is there anyway. What
 * only root can find out is taken for granted by others.
 */
export const findDevicePolicy = ({hierarchies, controllers}: CgroupFacts): CgroupFacts['devicePolicy'] => {
  if (hierarchies.some(({version}) => version === 2) && takesPrograms()) return 'program';
  return controllers.includes(DEVICES) ? 'controller' : undefined;
};

const takesPrograms = (): boolean => {
  if (process.getuid?.() !== 0) return true;
  try {
    loadDeviceProgram(deviceProgram([])).close();
    return true;
  } catch (error) {
    if (error instanceof SyscallError) return false;
    throw error;
  }
};

const hierarchyFor = ({hierarchies, devicePolicy}: CgroupFacts): Hierarchy | undefined =>
  devicePolicy === 'program'
    ? hierarchies.find(({version}) => version === 2)
    : devicePolicy === 'controller'
      ? hierarchies.find(({controllers}) => controllers.includes(DEVICES))
      : undefined;

/**
 * Lets the processes of a new cgroup use these devices and no others, and reads that back.
 * @throws RKT_DEVICE_POLICY_NOT_HELD
 */
export const setDevicePolicy = (facts: CgroupFacts, path: string, rules: readonly DeviceRule[]): void => {
  const hierarchy = hierarchyFor(facts);
  if (hierarchy === undefined) throw devicePolicyNotHeld(path, 'this host has no way to limit devices');
  const directory = directoryOf(hierarchy, path);
  let read: Reading;
  try {
    read = hierarchy.version === 2 ? attach(directory, rules) : write(directory, rules);
  } catch (cause) {
    // A limit of rkt's caller, which is not about devices.
    throw isErrno(cause, 'EMFILE') ? cause : devicePolicyNotHeld(path, String(cause), cause);
  }
  if (!read.holds) throw devicePolicyNotHeld(path, read.actual);
};

const attach = (directory: string, rules: readonly DeviceRule[]): Reading => {
  using cgroup = openDirectory(directory);
  using program = loadDeviceProgram(deviceProgram(rules));
  attachDeviceProgram(cgroup, program);
  return readPrograms(cgroup, program, rules);
};

const openDirectory = (directory: string): Fd => openHost(directory, constants.O_RDONLY | constants.O_DIRECTORY);

const write = (directory: string, rules: readonly DeviceRule[]): Reading => {
  writeFileSync(`${directory}/devices.deny`, 'a', {flag: 'r+'});
  for (const rule of rules) writeFileSync(`${directory}/devices.allow`, showRule(rule), {flag: 'r+'});
  return readList(directory, rules);
};

interface Reading {
  readonly expected: string;
  readonly actual: string;
  readonly holds: boolean;
}

/** What the kernel has for a process that should be in a cgroup with this policy, or below it. */
export const readDevicePolicy = (
  facts: CgroupFacts,
  memberships: readonly CgroupMembership[],
  base: string,
  rules: readonly DeviceRule[],
): Reading => {
  const hierarchy = hierarchyFor(facts);
  const path = hierarchy && membershipIn(hierarchy, memberships)?.path;
  if (hierarchy === undefined || path === undefined || !isWithin(path, base)) {
    return {expected: `a process of ${base}`, actual: 'it is in another cgroup', holds: false};
  }
  // A program decides for all cgroups below, too.
  return readPolicy(hierarchy, hierarchy.version === 2 ? base : path, rules);
};

const readPolicy = (hierarchy: Hierarchy, path: string, rules: readonly DeviceRule[]): Reading => {
  const directory = directoryOf(hierarchy, path);
  if (hierarchy.version !== 2) return readList(directory, rules);
  using cgroup = openDirectory(directory);
  using program = loadDeviceProgram(deviceProgram(rules));
  return readPrograms(cgroup, program, rules);
};

const readPrograms = (cgroup: Fd, program: Fd, rules: readonly DeviceRule[]): Reading => {
  const [tag, tags] = [programTag(program), deviceProgramTags(cgroup)];
  const holds = tags.includes(tag);
  const actual = holds ? `program ${tag}` : `programs ${tags.join(', ') || 'none'}, not ${tag}`;
  return {expected: expectedOf(rules), actual, holds};
};

const readList = (directory: string, rules: readonly DeviceRule[]): Reading => {
  const wanted = rules.map(showRule);
  const allowed = readFileSync(`${directory}/devices.list`, 'utf8').trim().split('\n').filter(Boolean);
  return {
    expected: expectedOf(rules),
    actual: allowed.join(', '),
    holds: allowed.every((rule) => wanted.includes(rule)),
  };
};

const expectedOf = (rules: readonly DeviceRule[]): string => `no devices but ${rules.map(showRule).join(', ')}`;
