import {takeDiskImages} from '../../artifact/disk-images.ts';
import {takeHostTrees} from '../../artifact/host-trees.ts';
import {takeTemplates} from '../../artifact/templates.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {Plan} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import {perform} from '../../executor/perform.ts';
import type {Settings} from '../../settings.ts';
import {podFault} from '../state/fault-points.ts';
import {seccompCache} from '../state/layout.ts';
import type {Place} from '../state/place.ts';
import {refutedTemplates} from '../state/refuted-templates.ts';
import {requireStored, writeStored} from '../state/stored.ts';
import {thisSupervisor} from '../state/supervisor.ts';
import {makeUserNamespaces} from './user-namespaces.ts';

/** Becomes the pod, which is in `run` and whose lock this process holds. Comes back only by an error; the caller undoes what was done. */
export const launch = async (
  place: Place,
  {pod, plan, facts}: {pod: Pod; plan: Plan; facts: HostFacts},
  {note}: Pick<Settings, 'note'>,
): Promise<never> => {
  const supervisor = thisSupervisor(pod, facts, requireStored(place.path, 'summary'));
  writeStored(place.path, 'supervisor', supervisor);
  podFault('pod.supervisor');
  const keep = (trees: readonly string[]) => writeStored(place.path, 'hostTrees', trees);
  const hostTrees = await takeHostTrees(place.dataDir, plan, keep);
  const diskImages = await takeDiskImages(place.dataDir, plan);
  const templates = await takeTemplates(place.dataDir, plan, {note, refuted: () => refutedTemplates(place.dataDir)});
  const userNamespaces = await makeUserNamespaces(plan);
  return perform(plan, {
    pod,
    facts,
    hostTrees,
    diskImages,
    templates,
    userNamespaces,
    lock: place.lock,
    caches: {seccomp: seccompCache(place.dataDir)},
    note,
    onFirstProcess: (first) => writeStored(place.path, 'supervisor', {...supervisor, first}),
  });
};
