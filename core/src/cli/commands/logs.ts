import type {FoundLogs} from '../../pod/streams/find-logs.ts';
import type {LogTaker} from '../../pod/streams/read-logs.ts';
import {readPodLogs} from '../../pod/streams/read-pod-logs.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import type {Context} from '../context.ts';
import {wrong} from '../grammar/checked.ts';
import {parseNumber} from '../grammar/number.ts';
import {jsonWriter, prefixWriter, rawWriter} from '../log-writers.ts';
import {EXIT_UUID_FILE, podArgument} from '../pod-argument.ts';
import {parseSince} from '../since.ts';

export const command = defineCommand({
  name: 'logs',
  summary: 'Print what the apps of a pod have written',
  usage: '[flags] UUID',
  description:
    'Works for apps that were given --stdout=log or --stdout=journal, or the same for --stderr, while the pod runs and until it is removed. Standard output goes to standard output and standard ' +
    'error to standard error, byte for byte. If the pod has several apps, their logs come one after the other, and each line begins with the name of its app. With --format=json ' +
    'each line is an object. Lines of a journal come in the order in which they were written, and have times in JSON; those of a log have none. A journal is read ' +
    'with journalctl of the host.',
  flags: {
    app: {type: 'string', value: 'NAME', help: 'only the logs of this app, without its name before the lines'},
    follow: {type: 'boolean', short: 'f', help: 'keep printing until the pod has ended'},
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: ['text', 'json'],
      default: 'text',
      help: 'the bytes as written, or an object for each line with app, stream and line, and time if it is from a journal',
    },
    since: {
      type: 'string',
      value: 'TIME',
      help:
        'only what was written since then: a duration (10m) or a time (2026-01-31T12:00:00Z). Exact for a journal; a log may give up to a ' +
        'minute more, and that of an app of fly everything since the last rkt gc',
    },
    tail: {type: 'string', value: 'N', help: 'start with the last N lines of each stream'},
    'uuid-file': {type: 'string', value: 'FILE', help: 'read the UUID from a file'},
  },
  examples: [
    {command: 'rkt logs 0f5a1f3e', does: 'everything so far'},
    {command: 'rkt logs --app=web --tail=20 -f 0f5a1f3e', does: 'the last lines of one app, and all that follow'},
    {command: 'rkt logs --format=json 0f5a1f3e', does: 'one object for each line'},
  ],
  async run(context, {flags: {app, follow, since, tail, 'uuid-file': uuidFile}, positionals}) {
    const text = podArgument(command.name, positionals, uuidFile, EXIT_UUID_FILE);
    asRoot(context, command.name);
    const request = {
      app,
      follow,
      since: since === undefined ? undefined : parseSince(since, Date.now()),
      tail: tail === undefined ? undefined : parseTail(tail),
    };
    await readPodLogs(context, text, request, (found) => openWriter(context, found));
    return 0;
  },
});

const parseTail = (value: string): number => {
  const typed = {flag: 'tail', value, example: '20'};
  const lines = parseNumber(value, typed);
  if (lines < 0) throw wrong(typed, 'less than 0');
  return lines;
};

const openWriter = ({format, output}: Context, {apps}: FoundLogs): LogTaker => {
  if (format !== 'text') return jsonWriter(output);
  return apps.length > 1 ? prefixWriter(output) : rawWriter(output);
};
