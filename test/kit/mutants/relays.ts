import {launched} from './edit.ts';
import type {Mutant} from './mutant.ts';

/* Launchers that hand on no signals, and the shell that does it for them (relaySignals). */

const BOTH = ['bubblewrap', 'crun'] as const;
const BUBBLEWRAP = ['bubblewrap'] as const;

/** The words of that shell: `sh -c SCRIPT sh GENERATION LAUNCHER…`. */
const words = (edit: (argv: readonly string[]) => string[]) =>
  launched((launch) => ({...launch, process: {...launch.process, argv: edit(launch.process.argv)}}));

/** Its script, which has to have that part. */
const script = (part: string, instead: string) =>
  words(([shell = '', flag = '', text = '', ...rest]) => {
    if (!text.includes(part)) throw new Error(`the relay of signals has no "${part}"`);
    return [shell, flag, text.replaceAll(part, instead), ...rest];
  });

export const relayMutants: readonly Mutant[] = [
  {
    name: 'relay-of-fewer-signals',
    breaks: "the caller's SIGUSR2 is what the app gets",
    flavors: BOTH,
    cases: ['run/gets-USR2'],
    says: /status \d+, not 3/,
    sample: true,
    mutate: script(' USR2', ''),
  },
  {
    name: 'relay-to-the-launcher',
    breaks: "the caller's SIGTERM is what the app gets",
    flavors: BUBBLEWRAP,
    cases: ['run/gets-TERM', 'run/gets-HUP'],
    says: /status \d+, not 3/,
    mutate: words((argv) => argv.map((word, index) => (index === 4 ? '0' : word))),
  },
  {
    name: 'relay-tells-the-signal',
    breaks: 'an app that traps a signal shows the caller its own status',
    flavors: BOTH,
    cases: ['run/gets-TERM', 'run/gets-INT'],
    says: /status \d+, not/,
    mutate: script('while interrupted=; wait $launcher', 'while wait $launcher; status=$?; exit $status; interrupted='),
  },
  {
    name: 'relay-forgets-the-status',
    breaks: 'an app that ends with 1 shows the caller just that',
    flavors: BOTH,
    cases: ['run/status-1', 'run/ends-by-KILL', 'stop/traps'],
    says: /status 0, not/,
    mutate: script('exit $status', 'exit 0'),
  },
  {
    name: 'relay-is-outlived',
    breaks: 'nothing of a pod goes on when the rkt process is killed',
    flavors: ['crun'],
    cases: ['run/killed-rkt'],
    says: /no process of the app is left/,
    mutate: script('setpriv --pdeathsig KILL ', ''),
  },
  {
    name: 'bwrap-is-outlived',
    breaks: 'nothing of a pod goes on when the rkt process is killed',
    flavors: BUBBLEWRAP,
    cases: ['run/killed-rkt'],
    says: /no process of the app is left/,
    mutate: words((argv) => argv.filter((word) => word !== '--die-with-parent')),
  },
  {
    name: 'relay-leaves-signals-ignored',
    breaks: 'no signal is ignored in an app',
    flavors: BUBBLEWRAP,
    cases: ['S35/signals'],
    says: /SigIgn/,
    mutate: script('env --default-signal=INT,QUIT ', ''),
  },
  {
    name: 'relay-leaks-its-input',
    breaks: 'an app has descriptors 0, 1 and 2 alone',
    flavors: BUBBLEWRAP,
    cases: ['S04/descriptors'],
    says: /deep/,
    mutate: script('<&3 3<&- &', '<&3 &'),
  },
  {
    name: 'relay-without-input',
    breaks: "the app's input is the caller's",
    flavors: BOTH,
    cases: ['EX-24/input-by-default'],
    says: /./,
    mutate: script('<&3 3<&- &', '3<&- &'),
  },
  {
    name: 'relay-ends-with-its-app-alone',
    breaks: 'an app that does nothing about a signal ends by it, and shows so',
    flavors: BOTH,
    cases: ['run/ended-by-HUP', 'run/ended-by-USR1'],
    says: /status \d+, not/,
    mutate: script('kill -s $1 $to', 'kill -s KILL $to'),
  },
  {
    name: 'launcher-without-oom-score',
    breaks: 'oom-score-adj is as asked for',
    flavors: BOTH,
    cases: ['EX-33/oom'],
    says: /321/,
    mutate: launched((launch) => ({...launch, process: {...launch.process, oomScoreAdj: null}})),
  },
  {
    name: 'launcher-without-limits',
    breaks: 'resource limits of the process are as asked for',
    flavors: BOTH,
    cases: ['EX-32/rlimits'],
    says: /deep|128|256/,
    mutate: launched((launch) => ({...launch, process: {...launch.process, rlimits: []}})),
  },
];
