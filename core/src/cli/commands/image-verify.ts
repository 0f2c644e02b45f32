import {existsSync} from 'node:fs';
import {imageIds} from '../../image/image-ids.ts';
import {rebuildIndex} from '../../image/image-index.ts';
import {holdImages, openStore} from '../../image/store.ts';
import {verifyImage} from '../../image/verify.ts';
import {requireRoot} from '../../pod/verbs/require-root.ts';
import {defineCommand} from '../command.ts';
import {flagConflict} from '../errors.ts';
import {forEachPod} from '../for-each-pod.ts';
import {storedImage} from '../image-argument.ts';

export const command = defineCommand({
  name: 'image verify',
  summary: 'Check that images are what they were when they were fetched',
  usage: '[flags] [IMAGE…]',
  description:
    'Puts the archive of each image together again from what is stored, compares its digest with the ID, and every ' +
    'file with what the archive says about it. Without IMAGE all images are checked.',
  flags: {rebuild: {type: 'boolean', help: 'make the index anew from the images, and check nothing'}},
  examples: [
    {command: 'rkt image verify example.com/web', does: 'checks one image'},
    {command: 'rkt image verify --rebuild', does: 'makes a lost or damaged index anew'},
  ],
  async run(context, {flags, positionals}): Promise<number> {
    requireRoot(command.name);
    const {dataDir, output, format} = context;
    const store = openStore(dataDir);
    if (flags.rebuild) {
      if (positionals.length > 0) throw flagConflict('--rebuild', 'IMAGE');
      const images = existsSync(store.images) ? rebuildIndex(store) : 0;
      if (format === 'text') output.line(`the index has ${images} image${images === 1 ? '' : 's'}`);
      else output.value({images}, format);
      return 0;
    }
    const images = positionals.length > 0 ? positionals : imageIds(store).sort();
    using held = images.length > 0 && existsSync(store.lock) ? holdImages(store) : undefined;
    void held;
    return forEachPod(context, command.name, images, async (text) => {
      const id = storedImage(store, text);
      await verifyImage(store, id);
      if (format === 'text') output.line(`${id} is what it was`);
      return {id, verified: true};
    });
  },
});
