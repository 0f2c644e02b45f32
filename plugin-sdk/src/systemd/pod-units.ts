import type {Pod} from '@rkt/core/contract';
import {appUnits} from './app-units.ts';
import {countStartScript, isRestarted} from './count-starts.ts';
import {endPodScript, endUnits} from './end-pod.ts';
import {limitRestartsScript} from './limit-restarts.ts';
import {ALIVE, serviceName} from './names.ts';
import type {UnitOptions} from './options.ts';
import {recordExitScript} from './record-exit.ts';
import {oomScripts} from './record-oom-kills.ts';
import {socketUnits} from './sockets.ts';
import {type UnitFile, unit} from './unit.ts';
import {userFiles} from './users.ts';

/**
 * The files of the /etc of a pod whose PID 1 is systemd, 251 or later: it starts every app, records how each ends, and leaves with the status of the first
 * that fails, or with 0 after the last. Nothing of systemd's own units is needed, only its binary and `sh`. What all apps see of /proc and /sys is hidden and
 * protected before systemd starts: by the step `init`, with {@link sharedKernelPaths}.
 *
 * Text of images goes through {@link execLine} and its neighbours. What has no form in a unit throws a {@link UnitError}: also a program that is no absolute
 * path, in `App.executable` or else `argv[0]`, and in event handlers.
 */
export const podUnits = (pod: Pod, options: UnitOptions): UnitFile[] => [
  ...targets(pod),
  ...endUnits(pod, options.statusDirectory),
  ...socketUnits(pod, options.sockets),
  ...pod.apps.flatMap((app) => appUnits(pod, app, options)),
  recordExitScript,
  ...oomScripts(pod.apps, options),
  endPodScript,
  ...(pod.apps.some(isRestarted) ? [countStartScript] : []),
  ...(pod.apps.some(({restartLimit}) => restartLimit !== undefined) ? [limitRestartsScript] : []),
  ...userFiles(pod.apps),
];

const targets = (pod: Pod): UnitFile[] => {
  const wanted = pod.apps.map(serviceName).join(' ');
  return [
    unit('default.target', {
      Unit: [
        ['DefaultDependencies', 'no'],
        ['Wants', wanted],
        ['After', wanted],
      ],
    }),
    // Every app that runs wants it. After the last it stops, and the pod with it.
    unit(ALIVE, {
      Unit: [
        ['DefaultDependencies', 'no'],
        ['StopWhenUnneeded', 'yes'],
        ['SuccessAction', 'exit-force'],
      ],
    }),
  ];
};
