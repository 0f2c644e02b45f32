import {exportImage} from '../../image/export.ts';
import {holdImages, openStore} from '../../image/store.ts';
import {requireRoot} from '../../pod/verbs/require-root.ts';
import {defineCommand} from '../command.ts';
import {exactly, storedImage} from '../image-argument.ts';

export const command = defineCommand({
  name: 'image export',
  summary: 'Write an image of the store to a file',
  usage: '[flags] IMAGE OUTPUT.aci',
  description: 'Writes the archive that was fetched, byte for byte but uncompressed: its ID is the same.',
  flags: {overwrite: {type: 'boolean', help: 'replace an existing file'}},
  examples: [{command: 'rkt image export example.com/web web.aci', does: 'writes web.aci'}],
  async run({dataDir, output, format}, {flags, positionals}) {
    requireRoot(command.name);
    const [image, file] = exactly(command.name, ['IMAGE', 'OUTPUT.aci'], positionals);
    const store = openStore(dataDir);
    using held = holdImages(store);
    void held;
    const id = storedImage(store, image);
    await exportImage(store, id, file, {overwrite: flags.overwrite});
    if (format !== 'text') output.value({id, file}, format);
    return 0;
  },
});
