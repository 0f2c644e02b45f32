import type {FoundFlavor} from '../../stage1/load/find.ts';
import type {Summary} from '../state/summary.ts';

/** What is kept of a flavor with a pod that it runs. */
export const describeFlavor = ({
  flavor: {declaration, appCgroup},
  source,
  digest,
  entrypoints,
}: FoundFlavor): Summary['flavor'] => ({
  name: declaration.name,
  source,
  digest,
  liveness: declaration.liveness,
  tellsReady: ['enforced', 'equivalent', 'unproved'].includes(declaration.verbs.ready.level),
  supervises: appCgroup !== undefined,
  ...(entrypoints === undefined ? {} : {entrypoints}),
});
