import {requireRoot} from '../../pod/verbs/require-root.ts';
import {runPrepared} from '../../pod/verbs/run-prepared.ts';
import {defineCommand} from '../command.ts';
import {argumentMissing, argumentUnexpected} from '../errors.ts';
import {runFlags} from '../grammar/flags.ts';
import {parseRunFlags} from '../grammar/run.ts';

export const command = defineCommand({
  name: 'run-prepared',
  summary: 'Run a pod that has been prepared',
  usage: '[flags] UUID',
  description:
    'Of several that run the same pod, one gets it. A flag or host that does not fit is found before, and leaves the pod prepared.',
  flags: runFlags,
  examples: [
    {command: 'rkt run-prepared 0f5a1f3e', does: 'runs the pod whose UUID begins so'},
    {command: 'rkt run-prepared --dns=host 0f5a1f3e', does: "with the host's name servers"},
  ],
  async run(context, {flags, positionals}) {
    const [uuid, extra] = positionals;
    if (uuid === undefined) throw argumentMissing(command.name, 'UUID');
    if (extra !== undefined) throw argumentUnexpected(command.name, extra);
    const request = parseRunFlags(flags);
    requireRoot('run-prepared');
    return runPrepared(context, uuid, request);
  },
});
