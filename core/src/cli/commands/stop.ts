import {findPod} from '../../pod/state/find.ts';
import {stop} from '../../pod/verbs/stop.ts';
import {defineCommand} from '../command.ts';
import {forEachPod} from '../for-each-pod.ts';
import {podArguments} from '../pod-argument.ts';

const EXIT_UUID_FILE = 1;

export const command = defineCommand({
  name: 'stop',
  summary: 'Stop pods',
  usage: '[flags] UUID…',
  description:
    'Ends every process of a pod, as its flavor does it: by SIGTERM, and after ten seconds by SIGKILL. Returns when the pod has ended.',
  flags: {
    force: {type: 'boolean', help: 'kill at once'},
    'uuid-file': {type: 'string', value: 'FILE', help: 'read the UUID from a file'},
  },
  examples: [
    {command: 'rkt stop 0f5a1f3e', does: 'asks the pod to end, and sees to it'},
    {command: 'rkt stop --force --uuid-file=/run/web.uuid', does: 'kills the pod whose UUID is in the file'},
  ],
  async run(context, {flags, positionals}): Promise<number> {
    const pods = podArguments(command.name, positionals, flags['uuid-file'], EXIT_UUID_FILE);
    return forEachPod(context, command.name, pods, async (text) => {
      const entry = findPod(context.dataDir, text);
      const {uuid} = entry;
      const stopped = await stop(context, entry, flags.force);
      if (context.format === 'text') context.output.line(stopped ? `"${uuid}"` : `pod "${uuid}" is already stopped`);
      return {uuid, stopped};
    });
  },
});
