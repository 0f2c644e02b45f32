import type {HostFacts} from '../../contract/host.ts';
import type {Launch} from '../../contract/launch.ts';
import type {App, Pod, RunningPod} from '../../contract/pod.ts';
import {enter as performEnter} from '../../executor/enter.ts';
import {requireStdio} from '../../linux/require-stdio.ts';
import {callersTerminal, onTerminal, terminals} from '../../linux/terminal.ts';
import type {RktError} from '../../rkt-error.ts';
import type {Settings} from '../../settings.ts';
import {checkedOnce} from '../../stage1/checked-once.ts';
import {pinnedFlavor} from '../../stage1/choice/choose-flavor.ts';
import {flavorFailed, flavorPlanInvalid} from '../../stage1/errors.ts';
import {enterImpossible, podNotInState} from '../errors.ts';
import {checkedDirectory, seccompCache} from '../state/layout.ts';
import type {PodEntry} from '../state/load.ts';
import {pickApp} from '../state/pick-app.ts';
import {runningPod} from '../state/running-pod.ts';
import {requireStored} from '../state/stored.ts';
import {readSummary} from '../state/summary.ts';
import type {Supervisor} from '../state/supervisor.ts';
import {whenStarted} from './when-started.ts';

export interface EnterRequest {
  /** Needed if the pod has several. */
  readonly app: string | undefined;
  readonly command: readonly string[];
  readonly describeError: (error: RktError) => string;
}

/** Becomes another program in a running pod, with exactly what the app has (S01). Without a command it is a shell. */
export const enter = async (
  settings: Settings,
  entry: PodEntry,
  {app: appName, command, describeError}: EnterRequest,
): Promise<never> => {
  requireStdio();
  const {uuid, state, path, supervisor} = entry;
  if (state !== 'running') throw podNotInState(uuid, state, 'running');
  const summary = readSummary(path);
  if (supervisor === undefined || summary === undefined) {
    throw podNotInState(uuid, 'only just starting', 'running', 'try again in a moment');
  }
  const {entrypoints} = summary.flavor;
  if (entrypoints !== undefined) {
    const [{enterStage1}, {onOwnTerminal}] = await Promise.all([
      import('./enter-stage1.ts'),
      import('../../executor/on-own-terminal.ts'),
    ]);
    await onOwnTerminal();
    return enterStage1(settings, entry, supervisor, entrypoints, {app: appName, command});
  }
  const pod = requireStored(path, 'frozen');
  const facts = requireStored(path, 'facts');
  const app = pickApp(uuid, pod.apps, appName);
  const {flavor} = await pinnedFlavor(settings, summary.flavor);
  if (flavor.enter === undefined) {
    const {verbs, name} = flavor.declaration;
    throw enterImpossible(name, 'consequence' in verbs.enter ? verbs.enter.consequence : 'it does not say how');
  }
  const look = flavor.declaration.properties.includes('own-kernel')
    ? await machineLook(entry, pod, supervisor)
    : () => runningPod(pod, facts, supervisor, flavor);
  const running = whenStarted(entry, app.name, look);
  let candidate: unknown;
  try {
    candidate = flavor.enter(running, onCallersTerminal(app), command, withCallersStreams(facts));
  } catch (cause) {
    throw flavorFailed(flavor.declaration.name, 'enter', cause);
  }
  const text = JSON.stringify(candidate);
  await checkedOnce(checkedDirectory(settings.dataDir), 'launch', text, async () => {
    const {launch: schema} = await import('../../contract/launch.ts');
    const parsed = schema.safeParse(JSON.parse(text));
    if (!parsed.success)
      throw flavorPlanInvalid(flavor.declaration.name, 'enter', parsed.error.issues[0]?.message ?? '');
  });
  const launch = JSON.parse(text) as Launch;
  if (launch.into !== 'member') throw flavorPlanInvalid(flavor.declaration.name, 'enter', 'joins no process');
  return performEnter(launch, {
    facts,
    caches: {seccomp: seccompCache(settings.dataDir)},
    describeError,
    sharesTerminal: supervisor.first !== undefined,
    defaultLimits: Object.hasOwn(app.isolators['os/unix/rlimits']?.limits ?? {}, 'nofile') ? [] : ['nofile'],
  });
};

const machineLook = async (entry: PodEntry, pod: Pod, supervisor: Supervisor): Promise<() => RunningPod> => {
  const {startedMachine} = await import('./started-machine.ts');
  return () => startedMachine(entry, pod, supervisor);
};

/** What the app has been told of another terminal does not hold for this one. */
const onCallersTerminal = (app: App): App => {
  const {process} = app;
  const terminal = callersTerminal();
  if (terminal?.kind === undefined) return app;
  const others = process.env.filter(({name}) => name !== 'TERM');
  return {...app, process: {...process, env: onTerminal(others, terminal)}};
};

/** The stored ones are of who has started the pod. */
const withCallersStreams = ({terminals: _, ...facts}: HostFacts): HostFacts => {
  const own = terminals();
  return {...facts, ...(own.length > 0 && {terminals: own})};
};
