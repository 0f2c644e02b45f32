import {podsOf} from '../../pod/state/layout.ts';
import {requireSight} from '../../pod/state/require-sight.ts';
import {requireStored} from '../../pod/state/stored.ts';
import {withPod} from '../../pod/state/with-pod.ts';
import {defineCommand} from '../command.ts';
import {podArgument} from '../pod-argument.ts';

export const command = defineCommand({
  name: 'cat-manifest',
  summary: 'Print the manifest of a pod',
  usage: '[flags] UUID',
  description:
    'Prints the complete pod manifest of appc: images by ID, a volume for every mount point, and all defaults of images and flags filled in.',
  flags: {
    'pretty-print': {type: 'boolean', default: true, help: 'indent the JSON'},
    'uuid-file': {type: 'string', value: 'FILE', help: 'read the UUID from a file'},
  },
  examples: [
    {command: 'rkt cat-manifest 0f5a1f3e', does: 'the manifest in JSON'},
    {command: 'rkt cat-manifest --format=yaml 0f5a1f3e', does: 'the manifest in YAML'},
  ],
  async run({dataDir, format, output}, {flags, positionals}) {
    const text = podArgument(command.name, positionals, flags['uuid-file']);
    requireSight(command.name, podsOf(dataDir));
    const manifest = await withPod(dataDir, text, ({path}) => requireStored(path, 'manifest'));
    const otherwise = flags['pretty-print'] ? 'json-pretty' : 'json';
    output.value(manifest, format === 'text' ? otherwise : format);
    return 0;
  },
});
