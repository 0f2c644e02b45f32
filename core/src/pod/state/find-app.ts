import {constants, readSync} from 'node:fs';
import type {AppPlace} from '../../contract/app-place.ts';
import {MAX_GENERATION, MAX_POD_PATH, POD_PATH} from '../../contract/patterns.ts';
import type {Pod, ProcessIdentity} from '../../contract/pod.ts';
import {O_PATH, openBeneath, openHost} from '../../linux/openat2.ts';
import {identify, isAlive, parentOf} from '../../linux/process-identity.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {flavorPlanInvalid} from '../../stage1/errors.ts';

const {O_DIRECTORY, O_NONBLOCK, O_RDONLY} = constants;
/** Digits of a process number, and a line feed. */
const MAX_FILE = 16;

/**
 * The process of an app that the launched program has started; `undefined` until it is there, and when it has ended.
 * @param members processes of the pod's cgroup: nothing else is taken for one of its apps, whatever a file says
 * @throws RKT_FLAVOR_PLAN_INVALID when the place is none
 */
export const findApp = (
  place: unknown,
  {directory}: Pick<Pod, 'directory'>,
  supervisor: ProcessIdentity,
  members: readonly number[],
  flavor: string,
): ProcessIdentity | undefined => {
  if (!isPlace(place)) throw flavorPlanInvalid(flavor, 'appProcess', `${JSON.stringify(place)} is no place of an app`);
  const found = place.in === 'child' ? below(supervisor, place.generation, members) : written(directory, place.path);
  return found !== undefined && members.includes(found.pid) && isAlive(found) ? found : undefined;
};

// Not by the schema, which takes longer to load than a pod to be found.
const isPlace = (place: unknown): place is AppPlace => {
  if (typeof place !== 'object' || place === null) return false;
  const {in: kind, generation, path, ...more} = place as Readonly<Record<string, unknown>>;
  const other = kind === 'child' ? path : generation;
  if (Object.keys(more).length > 0 || other !== undefined) return false;
  return kind === 'child'
    ? Number.isInteger(generation) && Number(generation) >= 1 && Number(generation) <= MAX_GENERATION
    : kind === 'pid-file' && typeof path === 'string' && path.length <= MAX_POD_PATH && POD_PATH.test(path);
};

const below = (above: ProcessIdentity, generation: number, members: readonly number[]): ProcessIdentity | undefined => {
  const [child] = members
    .filter((pid) => parentOf(pid) === above.pid)
    .flatMap((pid) => identify(pid) ?? [])
    .sort((a, b) => a.startTime - b.startTime || a.pid - b.pid);
  return child === undefined || generation === 1 ? child : below(child, generation - 1, members);
};

const written = (directory: string, path: string): ProcessIdentity | undefined => {
  try {
    using pod = openHost(directory, O_PATH | O_DIRECTORY);
    using file = openBeneath(pod, path, O_RDONLY | O_NONBLOCK, {noSymlinks: true});
    const content = Buffer.alloc(MAX_FILE);
    const [, digits] = /^(\d{1,10})\n?$/.exec(content.toString('latin1', 0, readSync(file.number, content))) ?? [];
    return digits === undefined ? undefined : identify(Number(digits));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP', 'EAGAIN')) return undefined;
    throw error;
  }
};
