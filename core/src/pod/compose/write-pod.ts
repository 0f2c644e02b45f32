import {chmodSync, chownSync, mkdirSync, writeFileSync} from 'node:fs';
import type {ImageManifest} from '../../appc/image-manifest.ts';
import type {PodManifest} from '../../appc/pod-manifest.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {EnforcementReport, Plan} from '../../contract/plan.ts';
import type {App, Pod, Volume} from '../../contract/pod.ts';
import {groupOf} from '../../image/make-below.ts';
import {podFault} from '../state/fault-points.ts';
import {appPaths, CLOSED} from '../state/layout.ts';
import type {Place} from '../state/place.ts';
import {type StoredRequest, writeStored} from '../state/stored.ts';
import type {Summary} from '../state/summary.ts';

export interface PodContents {
  readonly manifest: PodManifest;
  /** Of each app, in order. */
  readonly imageManifests: readonly ImageManifest[];
  readonly pod: Pod;
  readonly plan: Plan;
  readonly report: EnforcementReport;
  readonly facts: HostFacts;
  readonly summary: Summary;
  /** Only of a pod that is to be run later. */
  readonly request?: StoredRequest;
}

/** Fills the directory of a pod that is being prepared: its files and the empty volumes. Nothing is visible before it is moved on. */
export const writePod = (place: Place, contents: PodContents): void => {
  const {path} = place;
  if (groupOf(place.dataDir) !== undefined) for (const name of CLOSED) mkdirSync(`${path}/${name}`, {mode: PRIVATE});
  writeStored(path, 'manifest', contents.manifest);
  podFault('pod.manifest');
  writeStored(path, 'frozen', contents.pod);
  writeStored(path, 'report', contents.report);
  writeStored(path, 'facts', contents.facts);
  writeStored(path, 'plan', contents.plan);
  if (contents.request !== undefined) writeStored(path, 'request', contents.request);
  podFault('pod.plan');
  for (const [index, app] of contents.pod.apps.entries()) makeApp(path, app, contents.imageManifests[index]);
  for (const volume of contents.pod.volumes) if (volume.kind === 'empty') makeVolume(path, volume);
  podFault('pod.trees');
  writeStored(path, 'summary', contents.summary);
  podFault('pod.summary');
};

const PRIVATE = 0o700;

const makeApp = (pod: string, {name}: App, manifest: ImageManifest | undefined): void => {
  mkdirSync(`${pod}/appsinfo/${name}`, {recursive: true, mode: PRIVATE});
  writeFileSync(`${pod}/${appPaths(name).manifest}`, JSON.stringify(manifest), {mode: 0o600});
};

const makeVolume = (pod: string, volume: Extract<Volume, {kind: 'empty'}>): void => {
  mkdirSync(`${pod}/${volume.directory}`, {recursive: true, mode: PRIVATE});
  const {mode, uid, gid} = volume;
  chownSync(`${pod}/${volume.directory}`, uid, gid);
  // After the owner, whose change clears set-user-ID; and whatever the umask is.
  chmodSync(`${pod}/${volume.directory}`, mode & 0o7777);
};
