import {chmodSync, chownSync, readFileSync, renameSync, rmSync, statSync, writeFileSync} from 'node:fs';
import type {PodManifest} from '../../appc/pod-manifest.ts';
import type {Declaration} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {EnforcementReport, Plan} from '../../contract/plan.ts';
import type {Pod} from '../../contract/pod.ts';
import {naming} from '../../linux/naming.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import {fileDamaged} from '../errors.ts';
import {POD_FILES} from './layout.ts';
import type {Summary} from './summary.ts';
import type {Supervisor} from './supervisor.ts';

/** What `run-prepared` needs to plan again, when options or the host have changed since `prepare`. */
export interface StoredRequest {
  readonly allowDegraded: readonly string[];
  /** The pod before negotiation: another host may enforce what this one could not. */
  readonly pod: Pod;
  /** Whether the images bring an /etc/hosts, which is left alone then. */
  readonly imageHasHosts: boolean;
  /** Why the apps have copies of their images, if nobody asked for that. */
  readonly overlayObstacle?: string;
  /** How the flavor isolates that it was prepared with. Absent of pods that an older rkt has prepared. */
  readonly properties?: Declaration['properties'];
  /** What apps have by their images beyond the defaults, because somebody accepted it. Absent of pods that an older rkt has prepared. */
  readonly accepted?: readonly {
    readonly app: string;
    readonly image: string;
    readonly name: string;
    readonly widens: readonly string[];
  }[];
}

export interface StoredForms {
  readonly manifest: PodManifest;
  readonly frozen: Pod;
  readonly plan: Plan;
  readonly report: EnforcementReport;
  readonly facts: HostFacts;
  readonly request: StoredRequest;
  readonly summary: Summary;
  readonly supervisor: Supervisor;
  readonly hostTrees: readonly string[];
  readonly oomKills: number;
}
export type StoredForm = keyof StoredForms;

/**
 * Reads a file of the pod in `directory`. It was checked when this rkt wrote it, into a directory that only root can enter, and is not checked
 * again; `undefined` if there is none.
 * @throws RKT_POD_FILE_DAMAGED after a crash of the machine that left a part of it
 */
export const readStored = <F extends StoredForm>(directory: string, form: F): StoredForms[F] | undefined => {
  const file = POD_FILES[form];
  const path = `${directory}/${file}`;
  try {
    return JSON.parse(naming(path, () => readFileSync(path, 'utf8'))) as StoredForms[F];
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    if (error instanceof SyntaxError) throw fileDamaged(directory, file, 'it is not whole', error);
    throw error;
  }
};

/** {@link readStored} of a file that must be there. */
export const requireStored = <F extends StoredForm>(directory: string, form: F): StoredForms[F] => {
  const value = readStored(directory, form);
  if (value === undefined) throw fileDamaged(directory, POD_FILES[form], 'it is missing');
  return value;
};

/** What whoever may look into the pod's directory may read. */
const SHOWN: readonly StoredForm[] = ['manifest', 'oomKills', 'report', 'summary', 'supervisor'];

/** Writes a file of the pod in `directory`. Who reads it meanwhile has what was there before, whole; it is not durable yet. */
export const writeStored = <F extends StoredForm>(directory: string, form: F, value: StoredForms[F]): void => {
  const name = POD_FILES[form];
  const beside = `${directory}/.${name}.${process.pid}`;
  try {
    writeFileSync(beside, JSON.stringify(value), {mode: 0o600});
    if (SHOWN.includes(form)) show(beside, statSync(directory).gid);
    renameSync(beside, `${directory}/${name}`);
  } catch (error) {
    rmSync(beside, {force: true});
    throw error;
  }
};

const show = (file: string, gid: number): void => {
  if (gid === 0) return;
  chownSync(file, 0, gid);
  chmodSync(file, 0o640);
};
