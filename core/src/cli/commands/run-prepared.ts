import {runPrepared} from '../../pod/verbs/run-prepared.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {exactly} from '../exactly.ts';
import {parseAllowDegraded} from '../grammar/allow-degraded.ts';
import {podFlags, runFlags} from '../grammar/flags.ts';
import {parseRunFlags} from '../grammar/run.ts';
import {parseStage1} from '../grammar/stage1.ts';
import {noteChange} from '../note-change.ts';

export const command = defineCommand({
  name: 'run-prepared',
  summary: 'Run a pod that has been prepared',
  usage: '[flags] UUID',
  description:
    'If several calls run the same pod, one of them gets it. A flag, flavor or host that does not fit is found out before the start, and leaves the pod prepared.\n\n' +
    'With --stage1 the pod runs with another flavor than the one it was prepared with. What that changes is told on standard error, with --format=json as one line {"replanned": …}. ' +
    'If the pod would have less, it is refused unless --allow-degraded names what: an isolator, a feature, or what keeps it apart from the host (own-kernel, own-user-ids, no-shared-pid, no-shared-ipc, no-shared-network).',
  flags: {
    ...runFlags,
    'allow-degraded': {
      ...podFlags['allow-degraded'],
      help: 'what the pod may run without if the flavor or this host cannot give it, besides what was allowed when it was prepared',
    },
    stage1: {
      ...podFlags.stage1,
      help: 'run it with this flavor, named as for run, instead of the one it was prepared with',
    },
  },
  examples: [
    {command: 'rkt run-prepared 0f5a1f3e', does: 'runs the pod whose UUID begins with 0f5a1f3e'},
    {command: 'rkt run-prepared --dns=host 0f5a1f3e', does: "with the host's name servers"},
    {command: 'rkt run-prepared --stage1=nspawn 0f5a1f3e', does: 'with another flavor than it was prepared with'},
  ],
  async run(context, {flags, positionals}): Promise<number> {
    const [uuid] = exactly(command.name, ['UUID'], positionals);
    const request = parseRunFlags(flags);
    const stage1 = parseStage1({stage1: flags.stage1});
    const asked = {
      ...(stage1 === undefined ? {} : {stage1}),
      allowDegraded: parseAllowDegraded(flags['allow-degraded']),
    };
    asRoot(context, 'run-prepared');
    return runPrepared(context, uuid, request, asked, (change) => noteChange(change, context));
  },
});
