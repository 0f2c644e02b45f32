import {readFileSync} from 'node:fs';
import type {HostPath} from '../../contract/names.ts';
import {isSystemError} from '../../linux/syscall-error.ts';
import {writeCache} from '../../linux/write-cache.ts';

/** What a pod of one app that does nothing has cost on this host, with one flavor. */
export interface MeasuredCosts {
  readonly flavor: {readonly name: string; readonly version: string; readonly digest: string};
  /** Milliseconds since 1970. */
  readonly measuredAt: number;
  /** From the start of rkt to the end of the app: the median of `runs`. */
  readonly milliseconds: number;
  readonly runs: number;
  /** Processes besides the app, while it runs. */
  readonly processes: number;
  /** Memory of these processes, where what is shared counts in part (`Pss` of /proc/PID/smaps_rollup). */
  readonly memoryBytes: number;
}

const fileOf = (dataDir: HostPath, flavor: string): string => `${dataDir}/cas/measured/${flavor}.json`;

/** The last ones; `undefined` if there are none, or none that this user may read. */
export const readMeasuredCosts = (dataDir: HostPath, flavor: string): MeasuredCosts | undefined => {
  try {
    return JSON.parse(readFileSync(fileOf(dataDir, flavor), 'utf8')) as MeasuredCosts;
  } catch (error) {
    if (isSystemError(error)) return undefined;
    throw error;
  }
};

/** They take the place of those that were measured before. */
export const keepMeasuredCosts = (dataDir: HostPath, costs: MeasuredCosts): void =>
  writeCache(fileOf(dataDir, costs.flavor.name), `${JSON.stringify(costs)}\n`, 0o644);
