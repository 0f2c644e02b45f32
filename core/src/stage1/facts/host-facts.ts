import {accessSync, constants, existsSync, readdirSync, readFileSync, statSync} from 'node:fs';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath} from '../../contract/names.ts';
import {hasBegunAnew} from '../../linux/begun-anew.ts';
import {allCapabilities, ownCapabilities} from '../../linux/capabilities.ts';
import {findHierarchies} from '../../linux/cgroup-hierarchies.ts';
import {findDevicePolicy} from '../../linux/device-policy.ts';
import {execInterpreterMissing} from '../../linux/errors.ts';
import {landlockVersion} from '../../linux/landlock.ts';
import {type MountEntry, readMountinfo} from '../../linux/mountinfo.ts';
import {openStored} from '../../linux/open-stored.ts';
import {O_PATH} from '../../linux/openat2.ts';
import {passedAddresses} from '../../linux/passed-addresses.ts';
import {cgroupsOf} from '../../linux/proc-cgroup.ts';
import {findProgram, isProgram} from '../../linux/programs.ts';
import {parseLimits} from '../../linux/rlimits.ts';
import {rootless} from '../../linux/rootless.ts';
import {showsAllOfProc} from '../../linux/shows-all-of-proc.ts';
import {streamDevices} from '../../linux/stream-devices.ts';
import {foreseenRootless, idsLack} from '../../linux/subordinate-ids.ts';
import {isErrno, isSystemError} from '../../linux/syscall-error.ts';
import {takesPods} from '../../linux/takes-pods.ts';
import {terminals} from '../../linux/terminal.ts';
import {findTreeProgram, type TreeProgram} from '../../linux/tree-program.ts';
import {parseAbout, parseFilesystems, parseMemTotal, parseProcessors, parseRelease} from './parse-facts.ts';
import {imageProgramVersion, programVersion} from './program-version.ts';

/**
 * Finds out about this host what a flavor may know: some small files of /proc and /sys, no privilege. Only the version of a program in
 * `programs` takes running it. What cannot be read counts as absent.
 * @param tree of the pod's stage1 image: programs come from it. Those that are known by name alone may be the host's, if the image lacks them
 * @param cacheDir where versions of the host's programs are remembered
 */
export const gatherHostFacts = (programs: readonly string[] = [], tree?: HostPath, cacheDir?: string): HostFacts => {
  const kernel = parseRelease(text('/proc/sys/kernel/osrelease').trim());
  const {permitted, bounding} = ownCapabilities();
  const landlock = landlockVersion();
  const sockets = passedAddresses();
  const streams = streamDevices();
  const onTerminals = terminals();
  const notifySocket = gatherNotifySocket();
  const isRoot = process.geteuid?.() === 0;
  // What an ordinary user asks about is what rkt has when it runs a pod of theirs.
  const ownIds = isRoot ? rootless() : foreseenRootless();
  return {
    kernel,
    arch: process.arch === 'arm64' ? 'aarch64' : 'x86_64',
    uid: process.getuid?.() ?? 0,
    capabilities: isRoot ? permitted.filter((capability) => bounding.includes(capability)) : allCapabilities(),
    cgroup: isRoot ? gatherCgroups() : NO_CGROUPS,
    filesystems: gatherFilesystems(kernel.release).filter((name) => ownIds === undefined || userMounts(name, kernel)),
    lsm: {
      selinux: existsSync('/sys/fs/selinux/enforce'),
      apparmor: text('/sys/module/apparmor/parameters/enabled').startsWith('Y'),
      ...(landlock > 0 ? {landlock} : {}),
    },
    seccomp: existsSync('/proc/sys/kernel/seccomp/actions_avail'),
    userNamespaces:
      existsSync('/proc/self/ns/user') &&
      Number(text('/proc/sys/user/max_user_namespaces')) > 0 &&
      (isRoot || text(DEBIANS_SWITCH).trim() !== '0'),
    ...(ownIds === undefined ? {} : {rootless: {...ownIds, ...(ownIds.changesGroups ? {} : {idsLack: idsLack()})}}),
    hardLimits: Object.fromEntries(
      Object.entries(parseLimits(text('/proc/self/limits'))).map(([name, {hard}]) => [name, hard]),
    ),
    oomScoreAdj: Number(text('/proc/self/oom_score_adj')),
    memoryBytes: parseMemTotal(text('/proc/meminfo')),
    cpus: parseProcessors(text('/sys/devices/system/cpu/present')),
    programs: Object.fromEntries(programs.map((name) => [name, gatherProgram(name, tree, cacheDir)])),
    ...(notifySocket === undefined ? {} : {notifySocket}),
    ...(MACHINED.every((file) => existsSync(file)) ? {machined: true} : {}),
    ...(streams.length > 0 ? {streamDevices: streams} : {}),
    ...(onTerminals.length > 0 ? {terminals: onTerminals} : {}),
    ...(sockets.length > 0 ? {sockets} : {}),
  };
};

/** Of a variable that somebody has inherited the socket may be gone, or another thing be there: an app may be given it. */
const gatherNotifySocket = (): string | undefined => {
  const {NOTIFY_SOCKET: text = ''} = process.env;
  return /^@./.test(text) || (text.startsWith('/') && isSocket(text)) ? text : undefined;
};

const isSocket = (file: string): boolean => {
  try {
    return statSync(file, {throwIfNoEntry: false})?.isSocket() === true;
  } catch (error) {
    if (isSystemError(error)) return false;
    throw error;
  }
};

/** The bus, and what has it start machined when somebody asks. */
const MACHINED = ['/run/dbus/system_bus_socket', '/usr/share/dbus-1/system-services/org.freedesktop.machine1.service'];

const text = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES', 'EPERM', 'ENOTDIR')) return '';
    throw error;
  }
};

/** Of an ordinary user: what a service manager may have delegated is not looked for yet. */
const NO_CGROUPS: HostFacts['cgroup'] = {mode: 'none', hierarchies: [], controllers: [], parent: '/'};

const gatherCgroups = (): HostFacts['cgroup'] => {
  const own = rootless();
  // Those of the host are root's, those of a container its root's.
  const mounts = own === undefined ? readMountinfo() : readMountinfo().filter(isOfContainer);
  if (own !== undefined && mounts.length === 0) return NO_CGROUPS;
  const v2 = mounts.find(({type}) => type === 'cgroup2');
  const found = findHierarchies({
    mounts,
    own: cgroupsOf(),
    v2Controllers: v2 === undefined ? '' : text(`${v2.mountPoint}/cgroup.controllers`),
    takesPods,
  });
  // Which takes root of the host.
  const devicePolicy = own === undefined ? findDevicePolicy(found) : undefined;
  return {...found, disks: gatherDisks(), ...(devicePolicy === undefined ? {} : {devicePolicy})};
};

const isOfContainer = ({type, mountPoint}: MountEntry): boolean => {
  try {
    return type === 'cgroup2' && statSync(mountPoint).uid === 0;
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return false;
    throw error;
  }
};

/** Those that store something: no drives without a medium, no unused loop devices, no memory. */
const gatherDisks = (): string[] =>
  entries('/sys/block')
    .filter((name) => !/^(ram|zram)\d/.test(name) && Number(text(`/sys/block/${name}/size`)) > 0)
    .map((name) => text(`/sys/block/${name}/dev`).trim())
    .sort();

// The kernel loads these on demand and lists them only from then on.
const OVERLAY = 'overlay';
const MODULES: Readonly<Record<string, string>> = {[OVERLAY]: 'overlayfs'};

const PROC = 'proc';

/** Root of a container that has its own user namespace may have mounted there itself what hides something: that counts for nothing. */
const userMounts = (name: string, kernel: HostFacts['kernel']): boolean => {
  if (name === OVERLAY) return userMountsOverlays(kernel);
  if (name !== PROC || (process.geteuid?.() === 0 && !hasBegunAnew())) return true;
  return showsAllOfProc(readMountinfo());
};

/** With what `userxattr` needs. */
const userMountsOverlays = ({major, minor}: HostFacts['kernel']): boolean => major > 5 || (major === 5 && minor >= 11);

/** Whether an ordinary user makes user namespaces, where a kernel has it. */
const DEBIANS_SWITCH = '/proc/sys/kernel/unprivileged_userns_clone';

const gatherFilesystems = (kernel: string): string[] => {
  const known = parseFilesystems(text('/proc/filesystems'));
  const loadable = Object.entries(MODULES).filter(
    ([name, directory]) =>
      !known.includes(name) &&
      entries(`/lib/modules/${kernel}/kernel/fs/${directory}`).some((file) => file.startsWith(`${name}.ko`)),
  );
  return [...known, ...loadable.map(([name]) => name)];
};

const entries = (directory: string): string[] => {
  try {
    accessSync(directory, constants.R_OK);
    return readdirSync(directory);
  } catch {
    return [];
  }
};

/** @throws RKT_EXEC_INTERPRETER_MISSING if the tree lacks its loader: it would run with the host's, and the host's libraries */
const programIn = (tree: HostPath, name: string): Omit<TreeProgram, 'interpreter'> | undefined => {
  using root = openStored(tree, O_PATH | constants.O_DIRECTORY);
  const found = findTreeProgram(root, name);
  if (found === undefined) return undefined;
  const {interpreter, ...program} = found;
  if (interpreter !== undefined && program.through === undefined)
    throw execInterpreterMissing(program.path, interpreter, 'does not exist in the image of the stage1');
  return program;
};

const gatherProgram = (
  name: string,
  tree: HostPath | undefined,
  cacheDir: string | undefined,
): HostFacts['programs'][string] => {
  const own = tree === undefined ? undefined : programIn(tree, name);
  if (tree !== undefined && own !== undefined) {
    return {...own, ...parseAbout(name.startsWith('/') ? '' : imageProgramVersion(own, tree))};
  }
  if (name.startsWith('/')) return tree === undefined && isProgram(name) ? {path: name as HostPath, version: ''} : null;
  const path = findProgram(name);
  return path === undefined ? null : {path, ...parseAbout(programVersion(path, {cacheDir}))};
};
