import type {Step} from '../contract/step.ts';
import type {Fd} from '../linux/fd.ts';
import {openTree} from '../linux/mount.ts';
import {mountId} from '../linux/mount-id.ts';
import {type MountEntry, readMountinfo} from '../linux/mountinfo.ts';
import type {StepContext} from './context.ts';
import {bindNotShared} from './errors.ts';
import type {StepOf} from './step-of.ts';
import {openSource} from './steps/open-source.ts';

const copies = new WeakMap<StepContext, Map<string, Fd>>();

/**
 * Copies the sources of binds with propagation while this process is still in the host's mount namespace; in that of the pod, where all mounts are private, it would be too late.
 * @throws RKT_BIND_NOT_SHARED
 */
export const copyPropagated = (steps: readonly Step[], context: StepContext): void => {
  const binds = steps.filter((step): step is StepOf<'bind'> => step.do === 'bind' && step.propagation !== undefined);
  if (binds.length === 0) return;
  const mounts = new Map(readMountinfo().map((mount) => [mount.id, mount]));
  const made = new Map<string, Fd>();
  copies.set(context, made);
  for (const step of binds) {
    using source = openSource(step, context);
    check(step, mounts.get(mountId(source)));
    made.set(step.id, openTree(source, {recursive: step.recursive}));
  }
};

const check = ({source, propagation = 'slave'}: StepOf<'bind'>, mount: MountEntry | undefined): void => {
  const given = mount?.propagation ?? [];
  const enough = propagation === 'shared' ? /^shared:/ : /^(shared|master):/;
  if (!given.some((each) => enough.test(each))) throw bindNotShared(source.path, propagation, mount?.mountPoint ?? '/');
};

/** Whether the pod has a bind with propagation. */
export const hasPropagated = (context: StepContext): boolean => copies.has(context);

/** The copy for a step, which the caller has to close from now on. */
export const takePropagated = ({id}: StepOf<'bind'>, context: StepContext): Fd => {
  const copy = copies.get(context)?.get(id);
  if (copy === undefined) throw new Error(`nothing was copied for ${id}`);
  copies.get(context)?.delete(id);
  return copy;
};
