import {imageManifestOf} from '../../image/manifest.ts';
import {openStore} from '../../image/store.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {exactly} from '../exactly.ts';
import {storedImage} from '../image-argument.ts';

export const command = defineCommand({
  name: 'image cat-manifest',
  summary: 'Print the manifest of an image',
  usage: '[flags] IMAGE',
  flags: {'pretty-print': {type: 'boolean', default: true, help: 'indent the JSON'}},
  examples: [{command: 'rkt image cat-manifest example.com/web', does: 'what the image says about itself, as JSON'}],
  async run({dataDir, output, format, debug}, {flags, positionals}) {
    asRoot({dataDir, format, debug}, command.name);
    const [image] = exactly(command.name, ['IMAGE'], positionals);
    const store = openStore(dataDir);
    const manifest = imageManifestOf(store, storedImage(store, image));
    output.value(manifest, format === 'text' ? (flags['pretty-print'] ? 'json-pretty' : 'json') : format);
    return 0;
  },
});
