import {type App, type HostFacts, logPath, type Pod} from '@rkt/plugin-sdk';
import {SEEN, SHARED} from './places.ts';
import {hasTerminal} from './terminal.ts';

const NOWHERE = 'null';

/** What the monitor is told of an app: its name, where its streams go, and when it is started again. */
export const wordsOf = (pod: Pod, app: App, host: HostFacts): string[] => [
  'app',
  app.name,
  ...streamsOf(pod, app, host),
  ...ruleOf(app),
];

const streamsOf = (pod: Pod, app: App, host: HostFacts): string[] => [
  hasTerminal(pod, app, host) ? 'tty' : inputOf(pod, app),
  ...(['stdout', 'stderr'] as const).map((stream) => outputOf(app, stream)),
];

/** Without a limit: however often. */
const ruleOf = ({restart = 'no', restartLimit: {times, seconds} = {times: 0, seconds: 0}}: App): string[] =>
  restart === 'no' ? [] : ['restart', restart, `${times}`, `${seconds}`];

// Several apps that read one stream would each get some of it.
const inputOf = ({apps}: Pod, {stdio: {stdin}}: App): string =>
  stdin === 'stream' || stdin === 'tty' || (stdin === 'inherit' && apps.length === 1) ? '-' : NOWHERE;

const outputOf = (app: App, stream: 'stdout' | 'stderr'): string => {
  switch (app.stdio[stream]) {
    case 'null':
      return NOWHERE;
    case 'log':
      return `${SEEN}${logPath(app, stream).slice(SHARED.length)}`;
    default:
      return '-';
  }
};

/** The digits of those standard streams that go nowhere, whose other end is there for no one: the app has /dev/null of the guest. */
export const streamsNowhere = (pod: Pod, app: App, host: HostFacts): string =>
  streamsOf(pod, app, host)
    .flatMap((where, stream) => (where === NOWHERE ? [String(stream)] : []))
    .join('');
