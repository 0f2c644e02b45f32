import {findUuid} from '../../pod/state/find.ts';
import {remove} from '../../pod/verbs/remove.ts';
import {requireRoot} from '../../pod/verbs/require-root.ts';
import {defineCommand} from '../command.ts';
import {forEachPod} from '../for-each-pod.ts';
import {podArguments} from '../pod-argument.ts';

export const command = defineCommand({
  name: 'rm',
  summary: 'Remove pods that do not run',
  usage: '[flags] UUID…',
  flags: {'uuid-file': {type: 'string', value: 'FILE', help: 'read the UUID from a file'}},
  examples: [
    {command: 'rkt rm 0f5a1f3e 7c2d', does: 'removes two pods with all their files'},
    {command: 'rkt rm --uuid-file=/run/web.uuid', does: 'removes the pod whose UUID is in the file'},
  ],
  async run(context, {flags, positionals}): Promise<number> {
    requireRoot('rm');
    const pods = podArguments(command.name, positionals, flags['uuid-file']);
    return forEachPod(context, command.name, pods, async (text) => {
      const uuid = findUuid(context.dataDir, text);
      remove(context.dataDir, uuid);
      if (context.format === 'text') context.output.line(`"${uuid}"`);
      return {uuid, removed: true};
    });
  },
});
