import {requireRoot} from '../../pod/verbs/require-root.ts';
import {run} from '../../pod/verbs/run.ts';
import {defineCommand} from '../command.ts';
import {appFlags, podFlags, runFlags} from '../grammar/flags.ts';
import {parsePodArguments} from '../grammar/pod.ts';
import {parseRunFlags} from '../grammar/run.ts';

export const command = defineCommand({
  name: 'run',
  summary: 'Run a pod of one or more images',
  usage: '[flags] IMAGE [image flags] [-- ARGS…] [--- IMAGE2 …]',
  description:
    'rkt becomes the pod: what it starts has the process number, the standard input and output and the exit status of rkt itself. ' +
    'Errors of rkt exit with 254.',
  imageGrammar: true,
  flags: {...podFlags, ...runFlags, ...appFlags},
  examples: [
    {command: 'rkt run ./busybox.aci --exec=/bin/sh -- -c "id"', does: 'a program of an image, with arguments'},
    {
      command:
        'rkt run --volume=data,kind=host,source=/srv/data example.com/db --mount volume=data,target=/var/lib/db --memory=1G',
      does: 'a volume of the host and a limit of memory',
    },
    {
      command: 'rkt run --stage1=fly --uuid-file-save=/run/web.uuid example.com/web',
      does: 'the flavor fly; the UUID in a file',
    },
  ],
  async run(context, {flags, images}) {
    const request = parsePodArguments(flags, images);
    const runRequest = parseRunFlags(flags);
    requireRoot('run');
    return run(context, request, runRequest);
  },
});
