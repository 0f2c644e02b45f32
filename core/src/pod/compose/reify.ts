import type {ManifestApp} from '../../appc/app.ts';
import {appNameFor} from '../../appc/app-name.ts';
import {APPC_VERSION} from '../../appc/appc-version.ts';
import {mergeEnvironment} from '../../appc/compile/environment.ts';
import {appExecMissing} from '../../appc/errors.ts';
import type {ImageManifest} from '../../appc/image-manifest.ts';
import {overrideIsolators} from '../../appc/isolators/override.ts';
import type {PodApp, PodManifest} from '../../appc/pod-manifest.ts';
import {readPodManifest} from '../../appc/read-manifest.ts';
import {RESTART_ANNOTATION, RESTART_LIMIT_ANNOTATION, showRestartLimit} from '../../appc/restart.ts';
import {WATCHDOG_ANNOTATION} from '../../appc/watchdog.ts';
import type {AppName, ImageId} from '../../contract/names.ts';
import {appName} from '../../contract/names.ts';
import {appNameDuplicate, appNameInvalid, volumeDuplicate} from '../errors.ts';
import type {AppRequest, PodRequest, VolumeRequest} from '../request.ts';
import {satisfyMountPoints} from './satisfy-mount-points.ts';

/** An image as fetched. */
export interface ResolvedImage {
  readonly id: ImageId;
  readonly manifest: ImageManifest;
}

type CheckManifest = (manifest: PodManifest) => Promise<void>;

/** Checks a pod manifest. Not loaded before it is needed. */
export const checkManifest: CheckManifest = async (manifest) => {
  (await import('../../appc/check-pod-manifest.ts')).checkPodManifest(manifest);
};

/**
 * Makes the pod manifest complete (appc PO-03): images by ID, apps with all that flags and images say, every mount point satisfied.
 * @param images for each app of the request, or of `--pod-manifest`, its image
 * @param inherited the environment that `--inherit-env` means
 * @param check throws if what has come out is no pod manifest
 */
export const reify = async (
  request: PodRequest,
  images: readonly ResolvedImage[],
  inherited: Readonly<Record<string, string | undefined>>,
  check: CheckManifest = checkManifest,
): Promise<PodManifest> => {
  const manifest =
    request.manifest === undefined
      ? fromFlags(request, images, inherited)
      : complete(await readPodManifest(Buffer.from(request.manifest)), images);
  const satisfied = satisfyMountPoints(manifest);
  await check(satisfied);
  return satisfied;
};

/** Fills in what the manifest leaves to the images (appc PO-05, PO-06). */
const complete = (manifest: PodManifest, images: readonly ResolvedImage[]): PodManifest => ({
  ...manifest,
  apps: manifest.apps.map((app, index): PodApp => {
    const image = images[index];
    if (image === undefined) throw new TypeError(`app ${app.name} has no image`);
    const {name, labels, app: imageApp} = image.manifest;
    const section = app.app ?? imageApp;
    return {
      ...app,
      image: {id: image.id, name, ...(labels == null ? {} : {labels})},
      ...(section == null ? {} : {app: section}),
    };
  }),
});

const fromFlags = (
  request: PodRequest,
  images: readonly ResolvedImage[],
  inherited: Readonly<Record<string, string | undefined>>,
): PodManifest => {
  const apps = request.apps.map((app, index) => {
    const image = images[index];
    if (image === undefined) throw new TypeError(`${app.image} has no image`);
    return reifyApp(app, image, request, inherited);
  });
  for (const {name} of apps) if (apps.filter((app) => app.name === name).length > 1) throw appNameDuplicate(name);
  return {
    acVersion: APPC_VERSION,
    acKind: 'PodManifest',
    apps,
    ...filled({
      volumes: reifyVolumes(request.volumes),
      isolators: request.isolators,
      ports: request.ports.map(({name, hostIp, hostPort}) => ({name, hostPort, ...filled({hostIP: hostIp})})),
    }),
    // What the schema brands is checked with the whole manifest.
  } as PodManifest;
};

const reifyVolumes = (volumes: readonly VolumeRequest[]) => {
  for (const {name} of volumes)
    if (volumes.filter((other) => other.name === name).length > 1) throw volumeDuplicate(name);
  return volumes.map(({name, kind, source, readOnly, recursive, propagation, mode, uid, gid}) =>
    filled({name, kind, source, readOnly, recursive, propagation, mode, uid, gid}),
  );
};

const reifyApp = (
  request: AppRequest,
  image: ResolvedImage,
  pod: PodRequest,
  inherited: Readonly<Record<string, string | undefined>>,
): PodApp => {
  const {name: imageName, labels} = image.manifest;
  const name = nameOf(request, imageName);
  return {
    name,
    image: {id: image.id, name: imageName, ...(labels == null ? {} : {labels})},
    app: sectionOf(name, request, image, pod, inherited),
    ...(request.readOnlyRootfs ? {readOnlyRootFS: true} : {}),
    ...filled({
      mounts: request.mounts.map(({volume, path}) => ({volume, path})),
      annotations: listed({
        ...request.annotations,
        ...(request.restart === undefined ? {} : {[RESTART_ANNOTATION]: request.restart}),
        ...(request.restartLimit === undefined
          ? {}
          : {[RESTART_LIMIT_ANNOTATION]: showRestartLimit(request.restartLimit)}),
        ...(request.watchdogSeconds === undefined ? {} : {[WATCHDOG_ANNOTATION]: `${request.watchdogSeconds}s`}),
      }),
    }),
  } as PodApp;
};

const nameOf = (request: AppRequest, imageName: string): AppName => {
  const wanted = request.name ?? appNameFor(imageName);
  const parsed = appName.safeParse(wanted);
  if (!parsed.success) throw appNameInvalid(String(wanted ?? ''), imageName);
  return parsed.data;
};

const sectionOf = (
  name: AppName,
  request: AppRequest,
  image: ResolvedImage,
  pod: PodRequest,
  inherited: Readonly<Record<string, string | undefined>>,
): ManifestApp => {
  const section: ManifestApp = image.manifest.app ?? {user: '0', group: '0'};
  const program = request.exec === undefined ? (section.exec ?? []) : [request.exec];
  const exec = [...program, ...request.args];
  if (program.length === 0) throw appExecMissing(name);
  const {supplementaryGIDs, supplementaryGids, ...rest} = section;
  return {
    ...rest,
    exec,
    user: request.user ?? section.user,
    group: request.group ?? section.group,
    ...filled({
      supplementaryGIDs: request.supplementaryGids ?? supplementaryGIDs ?? supplementaryGids,
      workingDirectory: request.workingDirectory ?? section.workingDirectory,
      environment: mergeEnvironment(section.environment, {
        ...(pod.inheritEnv ? {inherited} : {}),
        pod: pod.environment,
        app: request.environment,
      }),
      isolators: overrideIsolators(section.isolators, request.isolators),
      userAnnotations: {...section.userAnnotations, ...request.userAnnotations},
      userLabels: {...section.userLabels, ...request.userLabels},
    }),
  };
};

const listed = (record: Readonly<Record<string, string>>) =>
  Object.entries(record).map(([name, value]) => ({name, value}));

/** Without what is absent or empty. */
const filled = (record: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(record).filter(
      ([, value]) => value != null && (typeof value !== 'object' || Object.keys(value).length > 0),
    ),
  );
