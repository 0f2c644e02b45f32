import {findLabel} from '../../appc/labels.ts';
import type {PodManifest} from '../../appc/pod-manifest.ts';
import type {App, Pod} from '../../contract/pod.ts';
import type {PodRequest} from '../request.ts';
import type {AppSummary, Summary} from '../state/summary.ts';

/** What `list` and `status` will show of a pod. */
export const summarize = (
  pod: Pod,
  manifest: PodManifest,
  {flavor, choice}: Required<Pick<Summary, 'flavor' | 'choice'>>,
  createdAt: number,
  {podName, removeOnExit}: Pick<PodRequest, 'podName' | 'removeOnExit'>,
): Summary => ({
  version: 1,
  uuid: pod.uuid,
  createdAt,
  flavor,
  choice,
  ...(podName === undefined ? {} : {podName}),
  ...(removeOnExit ? {removeOnExit} : {}),
  ...stage1Of(pod),
  apps: pod.apps.map((app) => summarizeApp(app, pod, manifest)),
  networks: pod.network.names.map(({name}) => name),
  ...data(manifest),
});

/** The image of the flavor's programs. */
export const stage1Of = ({stage1}: Pick<Pod, 'stage1'>): Pick<Summary, 'stage1'> =>
  stage1 === undefined ? {} : {stage1: {imageId: stage1.image.id, imageName: stage1.image.name}};

const summarizeApp = (app: App, {volumes}: Pod, manifest: PodManifest): AppSummary => {
  const declared = manifest.apps.find(({name}) => name === app.name);
  const version = findLabel(declared?.image.labels, 'version');
  return {
    name: app.name,
    imageId: app.image.id,
    imageName: version === undefined ? app.image.name : `${app.image.name}:${version}`,
    mounts: app.mounts.map(({volume, path, readOnly}) => {
      const source = volumes.find(({name}) => name === volume);
      return {volume, path, source: source?.kind === 'host' ? source.source : null, readOnly};
    }),
    ...data(declared?.app ?? {}),
  };
};

type Data = Readonly<Record<string, string>> | null | undefined;

const data = ({userAnnotations, userLabels}: {userAnnotations?: Data; userLabels?: Data}) => ({
  ...(filled(userAnnotations) ? {userAnnotations} : {}),
  ...(filled(userLabels) ? {userLabels} : {}),
});

const filled = (record: Data): record is Readonly<Record<string, string>> =>
  record != null && Object.keys(record).length > 0;
