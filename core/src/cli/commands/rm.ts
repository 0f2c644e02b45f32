import {findUuid} from '../../pod/state/find.ts';
import {listPods} from '../../pod/state/list.ts';
import {remove} from '../../pod/verbs/remove.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {FITTING} from '../fitting-pods.ts';
import {forEachPod} from '../for-each-pod.ts';
import {podsOrAll} from '../pod-argument.ts';
import {unlessGone} from '../unless-gone.ts';

export const command = defineCommand({
  name: 'rm',
  summary: 'Remove pods that do not run',
  usage: '[flags] UUID…',
  flags: {
    all: {type: 'boolean', help: 'every pod that does not run, prepared ones too'},
    'uuid-file': {type: 'string', value: 'FILE', help: 'read the UUID from a file'},
  },
  examples: [
    {command: 'rkt rm 0f5a1f3e 7c2d9b40', does: 'removes two pods with all their files'},
    {command: 'rkt rm --uuid-file=/run/web.uuid', does: 'removes the pod whose UUID is in the file'},
    {command: 'rkt rm --all', does: 'removes all that do not run'},
  ],
  async run(context, {flags, positionals}): Promise<number> {
    asRoot(context, 'rm');
    const idle = () =>
      listPods(context.dataDir).flatMap(({uuid, state}) => (FITTING['pods-idle'](state) ? [uuid] : []));
    const pods = podsOrAll(flags.all, idle, command.name, positionals, flags['uuid-file']);
    const act = async (text: string) => {
      const uuid = findUuid(context.dataDir, text);
      remove(context.dataDir, uuid);
      if (context.format === 'text') context.output.line(`"${uuid}"`);
      return {uuid, removed: true};
    };
    return forEachPod(context, command.name, pods, flags.all ? unlessGone(act) : act);
  },
});
