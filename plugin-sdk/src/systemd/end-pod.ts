import type {Pod} from '@rkt/core/contract';
import {ALIVE} from './names.ts';
import {NO_STREAMS, runScript, scriptFile} from './script.ts';
import {type Setting, type UnitFile, unit} from './unit.ts';

const SCRIPT = '/etc/rkt/end-pod';

/** The status of the first app that failed. App names have no colon. */
export const firstFailure = (statusDirectory: string): string => `${statusDirectory}/:first`;

/**
 * `end-pod UNKNOWN FIRST STATUS…` ends with the status of the pod: that of the first app that failed, else of the first whose end is no good one, else 0. `UNKNOWN`
 * is for an app of which nothing has been recorded. The status 133 is also what systemd-nspawn says of a pod that is to be started again, and it makes 1 of it:
 * then the pod ends in that way.
 */
export const endPodScript = scriptFile(
  SCRIPT,
  `unknown=$1
first=$2
shift 2
code=0
if [ -s "$first" ]; then
  read -r code <"$first"
else
  for file; do
    status=
    if [ -s "$file" ]; then read -r status <"$file"; fi
    code=\${status:-$unknown}
    if [ "$code" != 0 ]; then break; fi
  done
fi
if [ "$code" = 133 ]; then
  kill -49 1
  kill -STOP $$
fi
exit "$code"
`,
);

/** Somebody has asked the pod to end: what has not even started ends by that, too. */
const TERMINATED = '143';
/** Something has failed before there was an app. */
const UNKNOWN = '255';

/** What ends a pod when its apps have stopped. `exit`: an app has failed. `halt` and `poweroff`: whoever runs the pod wants it to end. */
export const endUnits = ({apps}: Pod, statusDirectory: string): UnitFile[] => {
  const files = [firstFailure(statusDirectory), ...apps.map(({name}) => `${statusDirectory}/${name}`)];
  const service = (name: string, unknown: string) =>
    unit(name, {
      Unit: [
        ['DefaultDependencies', 'no'],
        // Otherwise the pod would end with the last app, before this has said how.
        ['Wants', ALIVE],
        ['Requires', 'shutdown.target'],
        ['After', 'shutdown.target'],
        ['SuccessAction', 'exit-force'],
        ['FailureAction', 'exit-force'],
      ],
      Service: [
        ['Type', 'oneshot'],
        ['ExecStart', runScript(SCRIPT, [unknown, ...files], 'the status of the pod')],
        ...NO_STREAMS,
      ],
    });
  const target = (name: string, ends: string) =>
    unit(name, {Unit: [...common, ...after(ends), ['AllowIsolate', 'yes']]});
  return [
    target('exit.target', 'systemd-exit.service'),
    target('halt.target', 'rkt-halt.service'),
    target('poweroff.target', 'rkt-halt.service'),
    service('systemd-exit.service', UNKNOWN),
    service('rkt-halt.service', TERMINATED),
    unit('shutdown.target', {Unit: [...common, ['RefuseManualStart', 'yes']]}),
  ];
};

const common: readonly Setting[] = [['DefaultDependencies', 'no']];
const after = (name: string): Setting[] => [
  ['Requires', name],
  ['After', name],
];
