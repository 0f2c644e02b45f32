import {type App, commandOrShell, type HostFacts, type Launch, processOf, type RunningPod} from '@rkt/plugin-sdk';
import {launchedProcess} from './beside.ts';
import {IMAGE, SEEN} from './places.ts';
import {enterScript} from './script.ts';
import {isOnTerminal} from './terminal.ts';

/** Characters of a variable of the environment, of which the kernel takes 128 KiB: of four bytes each, at most. */
const PART = /[\s\S]{1,30000}/gu;

/** A program beside QEMU (guest/enter.c) that has the monitor start a further process of an app. What that is, is in its environment, which nobody else can read. */
export const enterLaunch = (pod: RunningPod, app: App, command: readonly string[], host: HostFacts): Launch => {
  const onTerminal = isOnTerminal(host);
  const script = enterScript(app, {...app.process, argv: commandOrShell(command)}, onTerminal);
  return {
    into: 'member',
    member: processOf(pod, app),
    namespaces: ['mount', 'uts', 'ipc', 'net'],
    process: {
      ...launchedProcess(pod, [IMAGE.enter, `${SEEN}/control/socket`]),
      env: [
        ...[...script.matchAll(PART)].map(([value], index) => ({name: `RKT_SCRIPT_${index}`, value})),
        ...(onTerminal ? [{name: 'RKT_TERMINAL', value: '1'}] : []),
      ],
    },
    passSockets: false,
  };
};
