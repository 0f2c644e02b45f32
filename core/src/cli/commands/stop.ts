import {findUuid} from '../../pod/state/find.ts';
import {listPods} from '../../pod/state/list.ts';
import {stop} from '../../pod/verbs/stop.ts';
import {asOwner} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {forEachPod} from '../for-each-pod.ts';
import {EXIT_UUID_FILE, podsOrAll} from '../pod-argument.ts';
import {unlessGone} from '../unless-gone.ts';

export const command = defineCommand({
  name: 'stop',
  summary: 'Stop pods',
  usage: '[flags] UUID…',
  description:
    'Sends SIGTERM to the main process of each app. When that has ended, the other processes of the app are killed; after ten seconds (with nspawn ' +
    'twelve) everything is. Returns when the pod has ended.',
  flags: {
    all: {type: 'boolean', help: 'every pod that runs'},
    force: {type: 'boolean', help: 'kill at once'},
    'uuid-file': {type: 'string', value: 'FILE', help: 'read the UUID from a file'},
  },
  examples: [
    {command: 'rkt stop 0f5a1f3e', does: 'asks the pod to end, and kills it if it does not'},
    {command: 'rkt stop --force --uuid-file=/run/web.uuid', does: 'kills the pod whose UUID is in the file'},
    {command: 'rkt stop --all', does: 'stops every pod that runs'},
  ],
  async run(context, {flags, positionals}): Promise<number> {
    asOwner(context, command.name);
    const running = () => listPods(context.dataDir).flatMap(({uuid, state}) => (state === 'running' ? [uuid] : []));
    const pods = podsOrAll(flags.all, running, command.name, positionals, flags['uuid-file'], EXIT_UUID_FILE);
    const act = async (text: string) => {
      const uuid = findUuid(context.dataDir, text);
      const stopped = await stop(context, uuid, flags.force);
      if (context.format === 'text') context.output.line(stopped ? `"${uuid}"` : `pod "${uuid}" is already stopped`);
      return {uuid, stopped};
    };
    return forEachPod(context, command.name, pods, flags.all ? unlessGone(act) : act);
  },
});
