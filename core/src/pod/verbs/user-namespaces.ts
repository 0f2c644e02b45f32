import type {Plan} from '../../contract/plan.ts';
import type {Fd} from '../../linux/fd.ts';

/** For each `id-map` step of a plan, by its id, a user namespace with its map. */
export const makeUserNamespaces = async ({
  filesystem,
  environment,
}: Pick<Plan, 'filesystem' | 'environment'>): Promise<ReadonlyMap<string, Fd>> => {
  const made = new Map<string, Fd>();
  for (const step of [...filesystem, ...environment]) {
    if (step.do !== 'id-map') continue;
    const {makeUserNamespace} = await import('../../linux/user-namespace.ts');
    made.set(step.id, await makeUserNamespace(step));
  }
  return made;
};
