import {run} from '../../pod/verbs/run.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {appFlags, podFlags, runFlags} from '../grammar/flags.ts';
import {parsePodArguments} from '../grammar/pod.ts';
import {parseRunFlags} from '../grammar/run.ts';
import {withImageHint} from '../with-image-hint.ts';

export const command = defineCommand({
  name: 'run',
  summary: 'Run a pod of one or more images',
  usage: '[flags] IMAGE [image flags] [-- ARGS…] [--- IMAGE2 …]',
  description:
    'rkt becomes the pod: what it starts has the process number, the standard streams and the exit status of rkt itself. On a terminal, --interactive gives it a terminal of its own. ' +
    'Errors of rkt exit with 254; if the program is not there the exit status is 127, if it cannot be executed 126.\n\n' +
    'Options of the pod come first. Options of an image follow it, and then "--" and the arguments of its program; "---" ends these.',
  imageGrammar: true,
  flags: {...podFlags, ...runFlags, ...appFlags},
  examples: [
    {
      command: 'rkt run --insecure-options=image ./busybox.aci --exec=/bin/sh -- -c "id"',
      does: 'a program of an image, with arguments',
    },
    {
      command:
        'rkt run --volume=data,kind=host,source=/srv/data example.com/db --mount volume=data,target=/var/lib/db --memory=1G',
      does: 'a volume of the host and a limit of memory',
    },
    {
      command: 'rkt run --stage1=fly --uuid-file-save=/run/web.uuid example.com/web',
      does: 'the flavor fly; the UUID in a file',
    },
    {
      command: 'rkt run --rm --pod-name=web example.com/web',
      does: 'a pod called web, which the next gc after its exit removes',
    },
  ],
  async run(context, {flags, images}) {
    const request = parsePodArguments(flags, images);
    const runRequest = parseRunFlags(flags);
    asRoot(context, 'run');
    return withImageHint('run', images, () => run(context, request, runRequest));
  },
});
