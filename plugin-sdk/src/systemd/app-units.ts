import type {App, Pod} from '@rkt/core/contract';
import {isRestarted, starterUnits} from './count-starts.ts';
import {execLine} from './encode.ts';
import {programUnresolved} from './errors.ts';
import {ALIVE, afterRecorders, postStopName, preStartName, recorderName, serviceName, starterName} from './names.ts';
import type {UnitOptions} from './options.ts';
import {recorderUnits} from './record-exit.ts';
import {keeperUnits, keptBy} from './record-oom-kills.ts';
import {sandboxSettings} from './sandbox.ts';
import {allowsCall} from './seccomp.ts';
import {socketNames} from './sockets.ts';
import {stdioSettings} from './stdio.ts';
import {type Setting, serviceUnit, type UnitFile} from './unit.ts';

type Handler = App['eventHandlers'][number];

/** The units of an app: its service, those of its event handlers, and what records its end. */
export const appUnits = (pod: Pod, app: App, options: UnitOptions): UnitFile[] => {
  const preStart = app.eventHandlers.find(({name}) => name === 'pre-start');
  const postStop = app.eventHandlers.find(({name}) => name === 'post-stop');
  return [
    ...mainUnit(pod, app, options, [
      ...(postStop === undefined ? [] : [postStopName(app)]),
      ...(preStart === undefined ? [] : [preStartName(app)]),
    ]),
    ...(preStart === undefined ? [] : preStartUnit(pod, app, options, preStart)),
    ...(postStop === undefined ? [] : postStopUnit(pod, app, options, postStop)),
    ...starterUnits(app, options.statusDirectory),
    ...keeperUnits(app, options),
    ...recorderUnits(app, options, preStart === undefined ? [] : ['unready']),
  ];
};

/** Units of a pod that keep it alive and end with it. */
const inPod = (...required: readonly string[]): Setting[] => [
  ['DefaultDependencies', 'no'],
  ['Wants', ALIVE],
  ...(required.length > 0 ? [['Requires', required.join(' ')] as const] : []),
  ['After', [ALIVE, ...required].join(' ')],
  ['Before', 'shutdown.target'],
  ['Conflicts', 'shutdown.target'],
];

const mainUnit = (pod: Pod, app: App, options: UnitOptions, handlers: readonly string[]): UnitFile[] => {
  const {argv} = app.process;
  const where = `app "${app.name}": program`;
  const sockets = socketNames(app);
  const restart = app.restart ?? 'no';
  return serviceUnit(serviceName(app), {
    Unit: [
      ...inPod(...handlers),
      // Not required: without it the app runs as well.
      ...keptBy(app, options).flatMap((name): Setting[] => [
        ['Wants', name],
        ['After', name],
      ]),
      ['OnSuccess', recorderName(app, 'ended')],
      ['OnFailure', recorderName(app, 'failed')],
      ...afterRecorders(app),
      // Whoever asks for restarts gets them, however often.
      ...(isRestarted(app) ? [['StartLimitIntervalSec', '0'] as const, ['Wants', starterName(app)] as const] : []),
    ],
    Service: [
      ['Type', typeOf(app)],
      // How long it may take is for whoever waits for the pod to say.
      ...(app.notifies ? [['TimeoutStartSec', 'infinity'] as const] : []),
      ...(app.watchdogSeconds === undefined ? [] : [['WatchdogSec', `${app.watchdogSeconds}s`] as const]),
      ...restarts(restart),
      ...(sockets.length > 0 ? [['Sockets', sockets.join(' ')] as const] : []),
      ...sandboxSettings(pod, app, options),
      ...stdioSettings(app, options),
      ['ExecStart', execLine(programOf(app), argv, where)],
      // The program alone is asked to end; what is there after it is killed.
      ['KillMode', 'mixed'],
      ['TimeoutStopSec', '10s'],
    ],
  });
};

/** When the app counts as started. `exec` reports a missing program as a failed start, by a write after the filter is in place. */
const typeOf = ({notifies, process: {seccomp}}: App): string =>
  notifies ? 'notify' : allowsCall(seccomp, 'write') ? 'exec' : 'simple';

/** systemd takes these signals for a good end; for whoever started the app they are none. */
const restarts = (restart: NonNullable<App['restart']>): Setting[] =>
  restart === 'no'
    ? []
    : [
        ['Restart', restart],
        ['RestartSec', '1s'],
        ['RestartForceExitStatus', 'SIGHUP SIGINT SIGTERM SIGPIPE'],
      ];

/** Where the app's program is. systemd would look for a bare name in directories of its own, the app means those of its own PATH. */
const programOf = (app: App): string => {
  const program = app.executable ?? app.process.argv[0] ?? '';
  if (!program.startsWith('/')) throw programUnresolved(app.name, program);
  return program;
};

/*
 * Handlers are services of their own with everything that the app has. In the app's service they would be either outside its root with all
 * capabilities, or in the same root as what systemd runs for itself.
 */

const handlerSettings = (pod: Pod, app: App, options: UnitOptions): Setting[] => [
  ['Type', 'oneshot'],
  ['RemainAfterExit', 'yes'],
  ...sandboxSettings(pod, app, options),
  // Input is for the program.
  ...stdioSettings(app, {...options, stdio: (of) => ({...options.stdio(of), stdin: {kind: 'null'}})}),
];

const handlerLine = (app: App, {name, exec}: Handler): string => {
  const [program = ''] = exec;
  if (!program.startsWith('/')) throw programUnresolved(app.name, program);
  return execLine(program, exec, `app "${app.name}": ${name}`);
};

/** The app starts after it and not without it; its failure is the app's end, and the pod's. Not repeated when the app is restarted. */
const preStartUnit = (pod: Pod, app: App, options: UnitOptions, handler: Handler): UnitFile[] =>
  serviceUnit(preStartName(app), {
    // What has been done holds no pod alive after its app.
    Unit: [...inPod(), ['StopWhenUnneeded', 'yes'], ['OnFailure', recorderName(app, 'unready')]],
    Service: [
      ...handlerSettings(pod, app, options),
      ['ExecStart', handlerLine(app, handler)],
      ['TimeoutStopSec', '10s'],
    ],
  });

/** Starts before the app and does nothing; when nobody needs it any more, that is when the app has stopped, it stops too, and that is the handler. */
const postStopUnit = (pod: Pod, app: App, options: UnitOptions, handler: Handler): UnitFile[] =>
  serviceUnit(postStopName(app), {
    Unit: [...inPod(), ['StopWhenUnneeded', 'yes']],
    Service: [
      ...handlerSettings(pod, app, options),
      ['ExecStop', handlerLine(app, handler)],
      ['TimeoutStopSec', 'infinity'],
    ],
  });
