import type {HostFacts, Pod} from '@rkt/plugin-sdk';

/** Below 1000 it is a matter of size, too: what supervises a pod takes some megabytes. */
const LATER = 900;
/** The next one means never: a pod whose apps have all been killed is in nobody's way. */
const LAST = -999;

/**
 * What supervises a pod ends all of its apps with it, so the kernel that is out of memory is to take an app first, however small. That takes CAP_SYS_RESOURCE, and no user namespace: a score that is set
 * with that capability is the least that a process may go back to, and the systemd in such a pod has it not, so that its apps could make themselves as safe as it is.
 */
export const supervisorScore = ({idMap}: Pod, {capabilities, oomScoreAdj}: HostFacts): number | null =>
  idMap === undefined && capabilities.includes('CAP_SYS_RESOURCE')
    ? Math.min(oomScoreAdj, Math.max(LAST, oomScoreAdj - LATER))
    : null;
