import type {AppName} from '../../contract/names.ts';
import type {App} from '../../contract/pod.ts';
import {log as logTo} from '../../debug.ts';
import type {Settings} from '../../settings.ts';
import {logNotKept, logsImpossible} from '../errors.ts';
import {appPaths, type LogStream} from '../state/layout.ts';
import type {PodEntry} from '../state/load.ts';
import {pickApp} from '../state/pick-app.ts';
import {requireStored} from '../state/stored.ts';

const debug = logTo('pod');

/** One stream of one app. */
export interface LogSource {
  readonly app: AppName;
  readonly stream: LogStream;
}

/** One that goes to a file. */
export interface Log extends LogSource {
  /** Relative to the pod's directory. It need not exist before the app has written. */
  readonly path: string;
}

export interface FoundLogs {
  /** Those that were asked about, with and without logs. */
  readonly apps: readonly AppName[];
  /** Those that go to files, and those that go to the pod's journal: at least one. */
  readonly logs: readonly Log[];
  readonly journal: readonly LogSource[];
}

const STREAMS = ['stdout', 'stderr'] as const satisfies readonly LogStream[];

const sourcesOf = (apps: readonly Pick<App, 'name' | 'stdio'>[], goesTo: App['stdio']['stdout']): LogSource[] =>
  apps.flatMap(({name, stdio}) =>
    STREAMS.filter((stream) => stdio[stream] === goesTo).map((stream) => ({app: name, stream})),
  );

/** The streams of these apps that go to files. */
export const keptLogs = (apps: readonly Pick<App, 'name' | 'stdio'>[]): Log[] =>
  sourcesOf(apps, 'log').map((source) => ({...source, path: appPaths(source.app).log(source.stream)}));

/**
 * The logs of a pod, or of one of its apps.
 * @throws RKT_POD_APP_UNKNOWN; if there are none, RKT_POD_LOGS_IMPOSSIBLE with the flavor's reason or RKT_POD_LOG_NOT_KEPT
 */
export const findLogs = async (
  settings: Settings,
  entry: PodEntry,
  appName: string | undefined,
): Promise<FoundLogs> => {
  const {uuid, path, summary} = entry;
  const {apps: all} = requireStored(path, 'frozen');
  const apps = appName === undefined ? all : [pickApp(uuid, all, appName)];
  const [logs, journal] = [keptLogs(apps), sourcesOf(apps, 'journal')];
  if (logs.length + journal.length > 0) return {apps: apps.map(({name}) => name), logs, journal};
  const because = summary === undefined ? undefined : await whyNone(settings, summary.flavor);
  if (summary !== undefined && because !== undefined) throw logsImpossible(summary.flavor.name, because);
  throw logNotKept(
    uuid,
    apps.flatMap(({name, stdio}) => STREAMS.map((stream) => ({app: name, stream, goes: GOES[stdio[stream]]}))),
  );
};

/** Where a stream goes, after its name. */
const GOES: Readonly<Record<App['stdio']['stdout'], string>> = {
  inherit: "goes to rkt's caller",
  journal: "goes to the pod's journal",
  log: 'goes to its log',
  null: 'is discarded',
  stream: "goes to rkt's caller",
  tty: "goes to the pod's terminal",
};

/** What the flavor says about logs, if it keeps none. It may be gone by now. */
const whyNone = async (
  settings: Settings,
  pinned: NonNullable<PodEntry['summary']>['flavor'],
): Promise<string | undefined> => {
  try {
    const {pinnedFlavor} = await import('../../stage1/choice/choose-flavor.ts');
    const {logs} = (await pinnedFlavor(settings, pinned)).flavor.declaration.verbs;
    return logs.level === 'enforced' || logs.level === 'equivalent' ? undefined : logs.consequence;
  } catch (error) {
    debug('flavor %s cannot be asked: %o', pinned.name, error);
    return undefined;
  }
};
