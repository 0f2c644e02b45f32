import type {App} from '@rkt/core/contract';
import {firstFailure} from './end-pod.ts';
import {limitRestarts} from './limit-restarts.ts';
import {ALIVE, type Ending, recorderName} from './names.ts';
import type {UnitOptions} from './options.ts';
import {oomRecorder} from './record-oom-kills.ts';
import {NO_STREAMS, runScript, scriptFile} from './script.ts';
import {type UnitFile, unit} from './unit.ts';

const SCRIPT = '/etc/rkt/record-exit';

/** The signals of x86_64 and aarch64 that systemd knows by name; the others it gives as numbers. */
const SIGNALS =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS';

/**
 * `record-exit STATUS [FIRST]` writes an app's exit status, a decimal number, also as that of the first app that fails if it is, and ends with it. systemd gives the number of an exit and the name of a signal; the latter becomes 128
 * and its number, as shells have it. Without either there is nothing to write: systemd could not
 * even fork, or has started the app again already.
 */
export const recordExitScript = scriptFile(
  SCRIPT,
  `if [ -z "\${MONITOR_EXIT_CODE-}" ]; then exit 255; fi
status=$MONITOR_EXIT_STATUS
if [ "$MONITOR_EXIT_CODE" != exited ]; then
  case $status in
${SIGNALS.split(' ')
  .map((name, index) => `  ${name}) signal=${index + 1} ;;`)
  .join('\n')}
  RTMIN) signal=34 ;;
  RTMIN+*) signal=$((34 + \${status#RTMIN+})) ;;
  RTMAX) signal=64 ;;
  RTMAX-*) signal=$((64 - \${status#RTMAX-})) ;;
  *) signal=$status ;;
  esac
  status=$((128 + signal))
fi
printf '%s\\n' "$status" >"$1"
if [ "$status" != 0 ] && [ -n "\${2-}" ]; then
  set -C
  printf '%s\\n' "$status" >"$2"
fi 2>/dev/null
exit "$status"
`,
);

/**
 * Units of their own and not an ExecStopPost: that one would have the environment of the app, so an image with LD_PRELOAD could run its code outside its
 * root with every capability of the pod. They also see what stops an app before its program starts. The first that ends with another
 * status than 0 ends the pod with it, unless it is to be restarted and has not been too often.
 */
export const recorderUnits = (app: App, options: UnitOptions, more: readonly Ending[] = []): UnitFile[] =>
  (['ended', 'failed', ...more] as const).map((how) => {
    const {statusDirectory} = options;
    const endsPod = how === 'unready' || (app.restart ?? 'no') === 'no';
    const limits = endsPod ? [] : limitRestarts(app, statusDirectory);
    return unit(recorderName(app, how), {
      Unit: [
        ['DefaultDependencies', 'no'],
        ['Wants', ALIVE],
        ['After', ALIVE],
        // No conflict: it runs while the pod shuts down.
        ['Before', 'shutdown.target'],
        ['StartLimitIntervalSec', '0'],
        // systemd runs them before each restart too; how a run of a few milliseconds right after one has ended may be missed.
        ...(endsPod || limits.length > 0 ? [['FailureAction', 'exit'] as const] : []),
      ],
      Service: [
        ['Type', 'oneshot'],
        ...oomRecorder(app, options),
        [
          'ExecStart',
          // That an app has failed does not fail what may find that it has done so too often.
          `${limits.length > 0 ? '-' : ''}${runScript(
            SCRIPT,
            [`${statusDirectory}/${app.name}`, ...(endsPod ? [firstFailure(statusDirectory)] : [])],
            `app "${app.name}": status`,
          )}`,
        ],
        ...limits,
        ...NO_STREAMS,
      ],
    });
  });
