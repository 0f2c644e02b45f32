import type {App} from '@rkt/core/contract';
import {keeperName, serviceName} from './names.ts';
import type {UnitOptions} from './options.ts';
import {NO_STREAMS, runScript, scriptFile} from './script.ts';
import {type Setting, type UnitFile, unit} from './unit.ts';

const RECORD = '/etc/rkt/record-oom';
const KEEP = '/etc/rkt/keep-cgroup';

/** `record-oom FILE COUNTER` writes how many processes have been killed for want of memory, if any has. */
const recordScript = scriptFile(
  RECORD,
  `while read -r name count; do
  if [ "$name" = oom_kill ] && [ "$count" != 0 ]; then echo "$count" >"$1"; fi
done <"$2"
`,
);

/** `keep-cgroup DIRECTORY` leaves a process that does nothing in a cgroup below it, so that systemd cannot remove it. */
const keepScript = scriptFile(
  KEEP,
  `mkdir -p "$1/rkt" || exit 1
sh -c 'kill -STOP $$' &
echo $! >"$1/rkt/cgroup.procs"
`,
);

const counterOf = (app: App, {oomCounter}: UnitOptions): string | undefined => oomCounter?.(app);
const isOwn = ({cgroupVersion = 1}: UnitOptions): boolean => cgroupVersion === 1;

export const oomScripts = (apps: readonly App[], options: UnitOptions): UnitFile[] =>
  apps.every((app) => counterOf(app, options) === undefined)
    ? []
    : [recordScript, ...(isOwn(options) ? [keepScript] : [])];

/** What a recorder of the app's end does before it ends the pod; whatever comes of it. */
export const oomRecorder = (app: App, options: UnitOptions): Setting[] => {
  const counter = counterOf(app, options);
  if (counter === undefined) return [];
  const file = `${options.statusDirectory}/${isOwn(options) ? `${app.name}.oom` : ':oom'}`;
  return [['ExecStart', `-${runScript(RECORD, [file, counter], `app "${app.name}": memory`)}`]];
};

/** The unit that the app's service starts after, if its cgroup has to be kept. */
export const keptBy = (app: App, options: UnitOptions): string[] =>
  counterOf(app, options) !== undefined && isOwn(options) ? [keeperName(app)] : [];

/** Nothing stops it: it is there while the end of the app is recorded, and ends with the pod. */
export const keeperUnits = (app: App, options: UnitOptions): UnitFile[] => {
  const counter = counterOf(app, options);
  if (counter === undefined || !isOwn(options)) return [];
  const directory = counter.slice(0, counter.lastIndexOf('/'));
  return [
    unit(keeperName(app), {
      Unit: [
        ['DefaultDependencies', 'no'],
        ['Before', serviceName(app)],
        ['IgnoreOnIsolate', 'yes'],
      ],
      Service: [
        ['Type', 'forking'],
        ['ExecStart', runScript(KEEP, [directory], `app "${app.name}": memory`)],
        ...NO_STREAMS,
      ],
    }),
  ];
};
