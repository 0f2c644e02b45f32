import {prepare} from '../../pod/verbs/prepare.ts';
import {asRoot} from '../as-root.ts';
import type {Flags} from '../command.ts';
import {defineCommand} from '../command.ts';
import {appFlags, podFlags, runFlags} from '../grammar/flags.ts';
import {parsePodArguments} from '../grammar/pod.ts';
import {withImageHint} from '../with-image-hint.ts';

/** How a pod runs is said when it runs. */
const later = Object.fromEntries(
  Object.entries(runFlags).map(([name, flag]): [string, Flags[string]] => [
    name,
    {...flag, hidden: true, elsewhere: `it is said when the pod runs: rkt run-prepared --${name} UUID`},
  ]),
);

export const command = defineCommand({
  name: 'prepare',
  summary: 'Prepare a pod to be run later, and print its UUID',
  usage: '[flags] IMAGE [image flags] [-- ARGS…] [--- IMAGE2 …]',
  description: 'Does everything that can fail or take time; "rkt run-prepared" then only starts the pod.',
  imageGrammar: true,
  flags: {...later, ...podFlags, quiet: {type: 'boolean', help: 'print only the UUID'}, ...appFlags},
  examples: [
    {command: 'rkt prepare example.com/web', does: 'prints the UUID for "rkt run-prepared"'},
    {command: 'rkt prepare --pod-manifest=pod.yaml', does: 'the pod that a manifest describes'},
  ],
  async run(context, {flags, images}) {
    const request = parsePodArguments(flags, images);
    asRoot(context, 'prepare');
    const uuid = await withImageHint('prepare', images, () => prepare(context, request));
    const {output, format} = context;
    if (format === 'text') output.line(uuid);
    else output.value({uuid}, format);
    return 0;
  },
});
