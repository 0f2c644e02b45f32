import {openStore} from '../../image/store.ts';
import {type GcAction, gc} from '../../pod/state/gc.ts';
import {EXIT_RKT} from '../../rkt-error.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import type {Output} from '../context.ts';
import {parseDuration} from '../duration.ts';
import {exactly} from '../exactly.ts';
import {reportError} from '../report-error.ts';

export const command = defineCommand({
  name: 'gc',
  summary: 'Remove what pods have left behind',
  usage: '[flags]',
  description:
    'Marks the pods that have exited, and removes those that were marked longer ago than the grace period, preparations that were interrupted, ' +
    'and prepared pods that nobody has run for long. With them go images that had been removed and stayed only for these pods, and copies of flavors that no pod needs any more. Running pods are left alone, except that their logs of --stdout=log are kept in bounds. Meant to be run by a timer.',
  flags: {
    'dry-run': {type: 'boolean', help: 'only say what would be done to each pod, and why'},
    'expire-prepared': {
      type: 'string',
      value: 'DURATION',
      default: '24h',
      help: 'how long a prepared pod waits to be run: 90s, 30m, 1h30m',
    },
    'grace-period': {
      type: 'string',
      value: 'DURATION',
      default: '30m',
      help: 'how long an exited pod stays after it was marked: 90s, 30m, 1h30m',
    },
    'mark-only': {type: 'boolean', help: 'mark exited pods and failed preparations, remove nothing'},
  },
  examples: [
    {command: 'rkt gc', does: 'what the timer does'},
    {command: 'rkt gc --grace-period=0s', does: 'marks and removes at once'},
    {command: 'rkt gc --dry-run', does: 'one line for each pod: what would be done, and why'},
  ],
  async run({dataDir, format, output, debug}, {flags, positionals}) {
    exactly(command.name, [], positionals);
    const dryRun = flags['dry-run'];
    const gracePeriod = parseDuration('grace-period', flags['grace-period'] ?? '');
    const expirePrepared = parseDuration('expire-prepared', flags['expire-prepared'] ?? '');
    if (!dryRun) asRoot({dataDir, format, debug}, 'gc');
    const actions = gc(dataDir, {gracePeriod, expirePrepared, markOnly: flags['mark-only'], dryRun});
    if (format !== 'text') output.value(actions.map(toJson), format);
    else if (dryRun) output.table(['UUID', 'STATE', 'ACTION', 'REASON'], actions.map(toRow));
    else for (const action of actions) tell(output, action);
    const failed = actions.filter(({error}) => error !== undefined);
    const errors = failed.map(({error}) => error);
    if (!dryRun && !flags['mark-only']) {
      const {keepLogs} = await import('../../pod/streams/keep-logs.ts');
      errors.push(...keepLogs(dataDir));
      const {collectRemoved} = await import('../../image/gc.ts');
      const removed = collectRemoved(openStore(dataDir), (error) => errors.push(error));
      if (format === 'text') for (const id of removed) output.line(`removed the image ${id}`);
      const {collectFlavors} = await import('../../pod/state/collect-flavors.ts');
      const flavors = collectFlavors(dataDir);
      if (format === 'text') for (const digest of flavors) output.line(`removed the copy of a flavor ${digest}`);
    }
    for (const error of errors) reportError(error, {format, debug, command: command.name});
    return errors.length > 0 ? EXIT_RKT : 0;
  },
});

const toJson = ({uuid, state, action, reason}: GcAction) => ({uuid, state, action, reason});
const toRow = ({uuid, state, action, reason}: GcAction): string[] => [uuid, state, action, reason];

/** As rkt: what is removed on standard output, the rest on standard error. */
const tell = (output: Output, {uuid, state, action, reason}: GcAction): void => {
  switch (action) {
    case 'remove':
      output.line(`Garbage collecting pod "${uuid}"`);
      break;
    case 'mark':
    case 'discard':
      output.note(`moving pod "${uuid}" to garbage: ${reason}`);
      break;
    case 'keep':
      // That running pods stay needs no mention.
      if (state === 'exited garbage') output.note(`pod "${uuid}" not removed: ${reason}`);
      break;
  }
};
