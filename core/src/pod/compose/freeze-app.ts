import {findAccount} from '../../appc/compile/account.ts';
import {compileLimits} from '../../appc/compile/limits.ts';
import {MAX_NAME_FILE} from '../../appc/compile/name-file.ts';
import {compileProcess} from '../../appc/compile/process.ts';
import {resolveIdentity} from '../../appc/compile/users.ts';
import {appSectionMissing} from '../../appc/errors.ts';
import type {ImageManifest} from '../../appc/image-manifest.ts';
import {decides} from '../../appc/isolators/decides.ts';
import {normalizeIsolators} from '../../appc/isolators/normalize.ts';
import {notifies} from '../../appc/notifies.ts';
import type {PodApp} from '../../appc/pod-manifest.ts';
import {restartLimitOf, restartOf} from '../../appc/restart.ts';
import {watchdogOf} from '../../appc/watchdog.ts';
import type {Isolators} from '../../contract/isolators.ts';
import type {HostPath} from '../../contract/names.ts';
import type {App, Mount, Port, Volume} from '../../contract/pod.ts';
import {watchdogUnfed} from '../errors.ts';
import type {AppRequest} from '../request.ts';
import {appPaths} from '../state/layout.ts';
import type {ImageTree} from './image-tree.ts';
import {locateProgram} from './locate-program.ts';
import {treeWithVolumes} from './tree-with-volumes.ts';

interface FreezeAppInput {
  readonly app: PodApp;
  /** Of its image. */
  readonly annotations: ImageManifest['annotations'];
  readonly layers: readonly HostPath[];
  readonly tree: ImageTree;
  readonly request: Pick<AppRequest, 'stdin' | 'stdout' | 'stderr'>;
  readonly mounts: readonly Mount[];
  /** The pod's. */
  readonly volumes: readonly Volume[];
  readonly ports: readonly Port[];
  readonly overlay: boolean;
  readonly insecure: ReadonlySet<string>;
  /** Isolators that only the image asks for. */
  readonly fromImage: ReadonlySet<string>;
}

/** One app of the pod, compiled. */
export const freezeApp = ({
  app,
  annotations,
  layers,
  tree,
  request,
  mounts,
  volumes,
  ports,
  overlay,
  insecure,
  fromImage,
}: FreezeAppInput): App => {
  const {name, image, app: section} = app;
  if (section == null) throw appSectionMissing(name, image.id);
  const isolators = secured(normalizeIsolators(section.isolators, 'app'), insecure);
  // One more byte than may be read tells that there are too many.
  const nameFile = (path: string) => tree.read(path, MAX_NAME_FILE + 1);
  const passwd = nameFile('/etc/passwd');
  const identity = resolveIdentity(section, {
    passwd,
    group: nameFile('/etc/group'),
    stat: tree.owner,
  });
  const restartLimit = restartLimitOf(app.annotations);
  const ready = notifies(app.annotations, annotations);
  const watchdogSeconds = watchdogOf(app.annotations);
  if (watchdogSeconds !== undefined && !ready) throw watchdogUnfed(name);
  const {mountPoint, upper, work, copy} = appPaths(name);
  const process = compileProcess({
    appName: name,
    app: section,
    isolators,
    identity,
    account: findAccount(section.user, identity.uid, passwd),
    insecure,
  });
  return {
    name,
    image: {id: image.id, name: image.name ?? ''},
    rootfs: overlay ? {kind: 'overlay', lower: [...layers], upper, work} : {kind: 'copy', directory: copy},
    mountPoint,
    readOnlyRootfs: app.readOnlyRootFS ?? false,
    mounts: [...mounts],
    process,
    executable: locateProgram(process, treeWithVolumes(tree, mounts, volumes)),
    restart: restartOf(app.annotations),
    ...(restartLimit === undefined ? {} : {restartLimit}),
    ...(ready ? {notifies: true} : {}),
    ...(watchdogSeconds === undefined ? {} : {watchdogSeconds}),
    limits: compileLimits(isolators, limitsOfImage(section.isolators, fromImage)),
    eventHandlers: (section.eventHandlers ?? []).map((handler) => ({name: handler.name, exec: [...handler.exec]})),
    ports: [...ports],
    stdio: {
      stdin: request.stdin ?? 'inherit',
      stdout: request.stdout ?? 'inherit',
      stderr: request.stderr ?? 'inherit',
    },
    isolators,
  };
};

/** Those of an image that give a limit and no request: an image that only limits itself gets nothing before others (S31). */
const limitsOfImage = (
  isolators: NonNullable<PodApp['app']>['isolators'],
  fromImage: ReadonlySet<string>,
): ReadonlySet<string> =>
  new Set((isolators ?? []).flatMap(({name, value}) => (fromImage.has(name) && !hasRequest(value) ? [name] : [])));

const hasRequest = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'request' in value && value.request != null;

/** What `--insecure-options` switches off is not asked for any more. */
const secured = (isolators: Isolators, insecure: ReadonlySet<string>): Isolators => {
  const off = (['capabilities', 'seccomp'] as const).filter((field) => insecure.has(field));
  return Object.fromEntries(Object.entries(isolators).filter(([name]) => !off.some((field) => decides(name, field))));
};
