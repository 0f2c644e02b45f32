import type {App} from '@rkt/core/contract';
import {afterRecorders, serviceName, starterName} from './names.ts';
import {NO_STREAMS, runScript, scriptFile} from './script.ts';
import {type UnitFile, unit} from './unit.ts';

const SCRIPT = '/etc/rkt/count-start';

export const countStartScript = scriptFile(
  SCRIPT,
  `count=0
if [ -e "$1" ]; then read -r count <"$1"; fi
echo "$((count + 1))" >"$1"
`,
);

export const isRestarted = ({restart = 'no'}: App): boolean => restart !== 'no';

/**
 * Counts how often an app that may be restarted has been started, in `STATUS.starts`: systemd knows, but tells nobody without a bus. Every start of the app
 * starts this first.
 */
export const starterUnits = (app: App, statusDirectory: string): UnitFile[] =>
  isRestarted(app)
    ? [
        unit(starterName(app), {
          Unit: [
            ['DefaultDependencies', 'no'],
            ['Before', `${serviceName(app)} shutdown.target`],
            ['Conflicts', 'shutdown.target'],
            ...afterRecorders(app),
            // As often as the app is.
            ['StartLimitIntervalSec', '0'],
          ],
          Service: [
            ['Type', 'oneshot'],
            ['ExecStart', runScript(SCRIPT, [`${statusDirectory}/${app.name}.starts`], `app "${app.name}": starts`)],
            ...NO_STREAMS,
          ],
        }),
      ]
    : [];
