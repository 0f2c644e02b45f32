import type {PodEntry} from './load.ts';
import type {Restarts} from './restarts.ts';
import {isFinished, type PodState} from './states.ts';
import type {AppSummary} from './summary.ts';

type AppState = 'unknown' | 'created' | 'running' | 'exited';

const APP_STATES: {readonly [S in PodState]?: AppState} = {
  prepared: 'created',
  running: 'running',
  exited: 'exited',
  'exited garbage': 'exited',
  'exited deleting': 'exited',
};

const NANOSECONDS = 1_000_000;

/** Exit statuses by app, where something has recorded them. */
export type ExitCodes = ReadonlyMap<string, number>;

/** A pod as rkt's `lib/v1` has it in JSON, but for the pod's times, which are in nanoseconds as those of its apps; what is not known is left out. */
export const viewPod = (
  entry: PodEntry,
  exitCodes: ExitCodes = new Map(),
  restarts: Restarts = new Map(),
  oomKills = 0,
) => {
  const {uuid, state, summary, supervisor, createdAt} = entry;
  return {
    name: uuid,
    state,
    ...(summary && summary.networks.length > 0 ? {networks: summary.networks.map((netName) => ({netName}))} : {}),
    ...(summary && {
      app_names: summary.apps.map(({name}) => name),
      apps: summary.apps.map((app) => viewApp(app, entry, exitCodes.get(app.name), restarts.get(app.name))),
    }),
    created_at: Math.floor(createdAt) * NANOSECONDS,
    ...(supervisor && {started_at: supervisor.startedAt * NANOSECONDS}),
    ...(summary?.userAnnotations && {user_annotations: summary.userAnnotations}),
    ...(summary?.userLabels && {user_labels: summary.userLabels}),
    ...(summary?.podName && {pod_name: summary.podName}),
    ...(summary?.removeOnExit && {remove_on_exit: true}),
    ...(oomKills > 0 && {oom_kills: oomKills}),
    ...(summary && {flavor: summary.flavor.name}),
    ...(summary?.stage1 && {
      stage1_image_id: summary.stage1.imageId,
      stage1_image_name: summary.stage1.imageName,
    }),
  };
};

const viewApp = (
  app: AppSummary,
  {state, createdAt, supervisor}: PodEntry,
  exitCode: number | undefined,
  restarts: number | undefined,
) => ({
  name: app.name,
  state: APP_STATES[state] ?? 'unknown',
  created_at: Math.floor(createdAt) * NANOSECONDS,
  ...(supervisor && {started_at: supervisor.startedAt * NANOSECONDS}),
  ...(isFinished(state) && exitCode !== undefined ? {exit_code: exitCode} : {}),
  ...(restarts === undefined ? {} : {restarts}),
  // Of the run before the one that goes on.
  ...(restarts !== undefined && !isFinished(state) && exitCode !== undefined ? {last_exit_code: exitCode} : {}),
  image_id: app.imageId,
  image_name: app.imageName,
  mounts: app.mounts.map(({volume, path, source, readOnly}) => ({
    name: volume,
    container_path: path,
    host_path: source,
    read_only: readOnly,
  })),
  ...(app.userAnnotations && {user_annotations: app.userAnnotations}),
  ...(app.userLabels && {user_labels: app.userLabels}),
});
