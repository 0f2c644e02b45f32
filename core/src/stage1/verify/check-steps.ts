import type {Plan} from '../../contract/plan.ts';
import {checkNamespace} from './check-namespace.ts';
import type {Evidence, NamedFinding} from './evidence.ts';

/** What the steps of the plan have made and the kernel shows of an app's process: mounts with their kinds and flags, and namespaces. */
export const checkSteps = (
  {filesystem, environment, launch}: Plan,
  evidence: Pick<Evidence, 'app' | 'mounts' | 'state' | 'host'>,
): NamedFinding[] => {
  const {app, mounts, state, host} = evidence;
  const steps = [...filesystem, ...environment];
  const mounted = steps.flatMap((step): NamedFinding[] => {
    if (step.do !== 'mount' || step.target.in !== 'rootfs' || step.target.app !== app.name) return [];
    const {path} = step.target;
    // A volume may be over it.
    if (app.mounts.some((mount) => mount.path === path)) return [];
    const found = mounts.findLast(({mountPoint}) => mountPoint === path);
    const lost = step.flags.filter((flag) => found?.options.includes(flag) !== true);
    return [
      {
        name: 'plan/mounts',
        expected: `${step.type} on ${path}${step.flags.length > 0 ? `, ${step.flags.join(', ')}` : ''}`,
        actual:
          found === undefined
            ? `nothing on ${path}`
            : `${found.type} on ${path}${lost.length > 0 ? `, not ${lost.join(', ')}` : ''}`,
        holds: found?.type === step.type && lost.length === 0,
      },
    ];
  });
  // A supervisor makes more of its own.
  const own = launch.into === 'rootfs' ? steps.flatMap((step) => (step.do === 'namespace' ? step.unshare : [])) : [];
  return [
    ...mounted,
    ...own.map((kind) => ({name: 'plan/namespaces', ...checkNamespace({kind, is: 'own'}, state, host)})),
  ];
};
