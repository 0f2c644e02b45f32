import {withPod} from '../../pod/state/with-pod.ts';
import {enter} from '../../pod/verbs/enter.ts';
import {requireRoot} from '../../pod/verbs/require-root.ts';
import {defineCommand} from '../command.ts';
import {argumentMissing} from '../errors.ts';
import {describeError} from '../report-error.ts';

export const command = defineCommand({
  name: 'enter',
  summary: 'Run a further program in a running pod',
  usage: '[flags] UUID [COMMAND [ARGS…]]',
  description:
    'The program has exactly what the app has: its root directory, namespaces, cgroup, user, capabilities, filter and limits. Without a command ' +
    'it is a shell.',
  imageGrammar: true,
  flags: {app: {type: 'string', value: 'NAME', help: 'the app to enter; needed if the pod has several'}},
  examples: [
    {command: 'rkt enter 0f5a1f3e', does: 'a shell'},
    {command: 'rkt enter --app=web 0f5a1f3e ls -l /srv', does: 'one program in one of several apps'},
  ],
  async run(context, {flags, positionals: [uuid, ...words]}) {
    if (uuid === undefined) throw argumentMissing(command.name, 'UUID');
    requireRoot('enter');
    const program = words[0] === '--' ? words.slice(1) : words;
    return withPod(context.dataDir, uuid, (entry) =>
      enter(context, entry, {
        app: flags.app,
        command: program,
        describeError: (error) =>
          describeError(error, {format: context.format, debug: context.debug, command: 'enter'}),
      }),
    );
  },
});
