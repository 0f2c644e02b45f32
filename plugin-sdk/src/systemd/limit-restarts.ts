import type {App} from '@rkt/core/contract';
import {firstFailure} from './end-pod.ts';
import {runScript, scriptFile} from './script.ts';
import type {Setting} from './unit.ts';

const SCRIPT = '/etc/rkt/limit-restarts';

/**
 * `limit-restarts ENDS TIMES SECONDS STATUS FIRST POLICY`: an app has ended, with the status of the file `STATUS`. If it has been started again `TIMES` times within the
 * last `SECONDS`, this is the end of the pod, with that status, or with 1 if it is 0.
 */
export const limitRestartsScript = scriptFile(
  SCRIPT,
  `ends=$1
times=$2
seconds=$3
code=
if [ -s "$4" ]; then read -r code <"$4"; fi
if [ "$code" = 0 ] && [ "$6" != always ]; then exit 0; fi
read -r now rest </proc/uptime
now=\${now%.*}
kept=$now
count=0
if [ -e "$ends" ]; then
  while read -r time; do
    if [ $((now - time)) -lt "$seconds" ]; then
      kept="$kept
$time"
      count=$((count + 1))
    fi
  done <"$ends"
fi
echo "$kept" >"$ends"
if [ "$count" -lt "$times" ]; then exit 0; fi
if [ "\${code:-0}" = 0 ]; then code=1; fi
set -C
echo "$code" >"$5"
exit 1
`,
);

/** What is done when an app has ended that may be restarted only so often. */
export const limitRestarts = ({name, restart = 'no', restartLimit}: App, statusDirectory: string): Setting[] => {
  if (restart === 'no' || restartLimit === undefined) return [];
  const {times, seconds} = restartLimit;
  const files = {ends: `${statusDirectory}/${name}.ends`, status: `${statusDirectory}/${name}`};
  const args = [files.ends, `${times}`, `${seconds}`, files.status, firstFailure(statusDirectory), restart];
  return [['ExecStart', runScript(SCRIPT, args, `app "${name}": restarts`)]];
};
