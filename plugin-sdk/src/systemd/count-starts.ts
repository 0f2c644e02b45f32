import type {App} from '@rkt/core/contract';
import {execLine} from './encode.ts';
import {afterRecorders, serviceName, starterName} from './names.ts';
import {type UnitFile, unit} from './unit.ts';

const SCRIPT = '/etc/rkt/count-start';

export const countStartScript: UnitFile = {
  path: SCRIPT.replace('/etc/', ''),
  content: `count=0
if [ -e "$1" ]; then read -r count <"$1"; fi
echo "$((count + 1))" >"$1"
`,
  mode: 0o644,
};

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
            [
              'ExecStart',
              execLine('/bin/sh', ['sh', SCRIPT, `${statusDirectory}/${app.name}.starts`], `app "${app.name}": starts`),
            ],
            ['StandardInput', 'null'],
            ['StandardOutput', 'null'],
            ['StandardError', 'null'],
          ],
        }),
      ]
    : [];
