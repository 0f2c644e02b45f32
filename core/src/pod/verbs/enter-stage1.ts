import {constants} from 'node:fs';
import type {ProcessIdentity} from '../../contract/pod.ts';
import type {Process} from '../../contract/process.ts';
import {enterByEntrypoint} from '../../executor/enter-by-entrypoint.ts';
import {openHost} from '../../linux/openat2.ts';
import {sleep} from '../../linux/sleep.ts';
import type {Settings} from '../../settings.ts';
import {ACI_FLAVOR, ENTRYPOINT_ENVIRONMENT, entrypointProcess} from '../../stage1/aci/aci-flavor.ts';
import {ENTRYPOINT, type Entrypoints} from '../../stage1/aci/entrypoints.ts';
import {entrypointPlaces, workingDirectory} from '../../stage1/aci/layout.ts';
import {appNotRunning} from '../../stage1/errors.ts';
import {enterImpossible} from '../errors.ts';
import {enteredProcess} from '../state/entered-process.ts';
import {seccompCache} from '../state/layout.ts';
import {hasProcesses} from '../state/liveness.ts';
import type {PodEntry} from '../state/load.ts';
import {pickApp} from '../state/pick-app.ts';
import {requireStored} from '../state/stored.ts';
import type {Supervisor} from '../state/supervisor.ts';

const POLL = 20;
const PATIENCE = 30_000;
/** As in rkt. */
const SHELL = ['/bin/bash'];

/** Becomes the `enter` entrypoint of a pod's stage1 that was made for rkt. What the program gets is the stage1's doing. */
export const enterStage1 = (
  {dataDir}: Pick<Settings, 'dataDir'>,
  entry: PodEntry,
  supervisor: Supervisor,
  {enter}: Entrypoints,
  {app: appName, command}: {readonly app: string | undefined; readonly command: readonly string[]},
): never => {
  const {uuid, path} = entry;
  const pod = requireStored(path, 'frozen');
  const facts = requireStored(path, 'facts');
  const app = pickApp(uuid, pod.apps, appName);
  const places = entrypointPlaces(pod, path, enter);
  if (places === undefined) throw enterImpossible(ACI_FLAVOR, `the stage1 has no entrypoint ${ENTRYPOINT}enter`);
  const {pid} = whenNamed(entry, supervisor, app.name);
  using lock = openHost(path, constants.O_RDONLY | constants.O_DIRECTORY);
  return enterByEntrypoint(
    supervisor,
    places,
    [`--pid=${pid}`, `--appname=${app.name}`, '--', ...(command.length > 0 ? command : SHELL)],
    {...entrypointProcess(facts, []), env: withTerminal(ENTRYPOINT_ENVIRONMENT), cwd: workingDirectory(pod)},
    {pod, facts, lock, caches: {seccomp: seccompCache(dataDir)}},
  );
};

/** What is entered is on the caller's terminal. */
const withTerminal = (env: Process['env']): Process['env'] => {
  const {TERM} = process.env;
  return TERM === undefined ? env : [...env, {name: 'TERM', value: TERM}];
};

/** Right after `run` the stage1 may not have said it yet. */
const whenNamed = ({uuid, path}: PodEntry, supervisor: Supervisor, app: string): ProcessIdentity => {
  for (const end = Date.now() + PATIENCE; ; sleep(POLL)) {
    const named = enteredProcess(path, supervisor);
    if (named !== undefined) return named;
    if (!hasProcesses(supervisor) || Date.now() >= end) throw appNotRunning(uuid, app);
  }
};
