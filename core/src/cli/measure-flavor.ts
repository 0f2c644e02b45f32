import {readdirSync, readFileSync} from 'node:fs';
import {parentOf} from '../linux/process-identity.ts';
import {isSystemError} from '../linux/syscall-error.ts';
import {keepMeasuredCosts, type MeasuredCosts} from '../stage1/choice/measured-costs.ts';
import {asOwner} from './as-root.ts';
import type {Context} from './context.ts';
import {withKit} from './with-kit.ts';

const RUNS = 5;
const STAYS = 'echo ready; read -r line';

/**
 * Runs pods of one app that does nothing, one after the other, in a data directory of their own, and keeps what they have cost.
 * @throws RKT_FLAVOR_HOST_LACKS, RKT_KIT_MISSING, RKT_ROOT_NEEDED, RKT_SCRATCH_UNUSABLE
 */
export const measureFlavor = async (
  context: Context,
  command: string,
  selection: string | undefined,
): Promise<MeasuredCosts> => {
  // Each call of an ordinary user's begins anew by itself, as it does for the user.
  asOwner(context, command);
  return withKit(context, selection, async ({kit, found, options}) => {
    const {name, version} = found.flavor.declaration;
    const world = await kit.openWorld(options);
    try {
      const run = async (): Promise<number> => {
        const start = performance.now();
        const {status, stderr} = await world.run({script: 'exit 0'});
        if (status !== 0) throw new Error(`a pod that does nothing ended with ${status}: ${stderr}`);
        return performance.now() - start;
      };
      // What is made once for all pods is made.
      await run();
      const times: number[] = [];
      for (let index = 0; index < RUNS; index++) times.push(await run());
      const pod = await world.start({script: STAYS});
      const beside = treeOf(pod.child.pid ?? 0).filter((pid) => !commandLine(pid).includes(pod.script));
      const memoryBytes = beside.reduce((sum, pid) => sum + sharedOut(pid), 0);
      await pod.end();
      const costs = {
        flavor: {name, version, digest: found.digest},
        measuredAt: Date.now(),
        milliseconds: Math.round(times.sort((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0),
        runs: RUNS,
        processes: beside.length,
        memoryBytes,
      };
      keepMeasuredCosts(context.dataDir, costs);
      return costs;
    } finally {
      await world.close();
    }
  });
};

/** A process and those that descend from it. */
const treeOf = (root: number): number[] => {
  const parents = new Map(
    readdirSync('/proc')
      .map(Number)
      .filter(Number.isInteger)
      .map((pid) => [pid, parentOf(pid)] as const),
  );
  const below = (pid: number): number[] => [
    pid,
    ...[...parents].flatMap(([child, parent]) => (parent === pid ? below(child) : [])),
  ];
  return below(root);
};

const commandLine = (pid: number): string => read(pid, 'cmdline').replaceAll('\0', ' ');
const sharedOut = (pid: number): number =>
  Number(/^Pss:\s+(\d+) kB$/m.exec(read(pid, 'smaps_rollup'))?.[1] ?? 0) * 1024;

/** Empty of a process that has ended. */
const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch (error) {
    if (isSystemError(error)) return '';
    throw error;
  }
};
