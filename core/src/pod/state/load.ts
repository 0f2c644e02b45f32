import {statSync} from 'node:fs';
import type {HostPath, Uuid} from '../../contract/names.ts';
import {podDirectory} from './layout.ts';
import type {Look} from './liveness.ts';
import {probe} from './probe.ts';
import type {PodDirectory, PodState} from './states.ts';
import {readSummary, type Summary} from './summary.ts';
import type {Supervisor} from './supervisor.ts';

/** A pod as a reader finds it. */
export interface PodEntry {
  readonly uuid: Uuid;
  readonly directory: PodDirectory;
  readonly path: HostPath;
  readonly state: PodState;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly summary: Summary | undefined;
  readonly supervisor: Supervisor | undefined;
}

/** What can be seen of a pod in one directory; `undefined` if it is not there (any more). */
export const loadPod = (dataDir: HostPath, directory: PodDirectory, uuid: Uuid, look?: Look): PodEntry | undefined => {
  const probed = probe(dataDir, directory, uuid, look);
  if (probed === undefined) return undefined;
  const path = podDirectory(dataDir, directory, uuid);
  const summary = probed.supervisor?.summary ?? readSummary(path);
  const createdAt = summary?.createdAt ?? statSync(path, {throwIfNoEntry: false})?.mtimeMs;
  return createdAt === undefined ? undefined : {uuid, directory, path, createdAt, summary, ...probed};
};
