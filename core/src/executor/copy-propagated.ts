import type {Step} from '../contract/step.ts';
import type {Fd} from '../linux/fd.ts';
import {openTree} from '../linux/mount.ts';
import {mountId} from '../linux/mount-id.ts';
import {type MountEntry, readMountinfo} from '../linux/mountinfo.ts';
import type {StepContext} from './context.ts';
import {bindNotShared} from './errors.ts';
import type {StepOf} from './step-of.ts';
import {openSource} from './steps/open-source.ts';

/**
 * Copies the sources of binds with propagation while this process is still in the host's mount namespace; in that of the pod, where all mounts are private, it would be too late.
 * @throws RKT_BIND_NOT_SHARED
 */
export const copyPropagated = (steps: readonly Step[], context: StepContext): void => {
  const binds = steps.filter((step): step is StepOf<'bind'> => step.do === 'bind' && step.propagation !== undefined);
  if (binds.length === 0) return;
  const mounts = new Map(readMountinfo().map((mount) => [mount.id, mount]));
  const copies = new Map<string, Fd>();
  context.made.propagated = copies;
  for (const step of binds) {
    using source = openSource(step, context);
    check(step, mounts.get(mountId(source)));
    copies.set(step.id, openTree(source, {recursive: step.recursive}));
  }
};

const check = ({source, propagation = 'slave'}: StepOf<'bind'>, mount: MountEntry | undefined): void => {
  const given = mount?.propagation ?? [];
  const enough = propagation === 'shared' ? /^shared:/ : /^(shared|master):/;
  if (!given.some((each) => enough.test(each))) throw bindNotShared(source.path, propagation, mount?.mountPoint ?? '/');
};
