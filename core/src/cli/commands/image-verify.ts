import {existsSync} from 'node:fs';
import type {ImageId, Uuid} from '../../contract/names.ts';
import {imageIds} from '../../image/image-ids.ts';
import {rebuildIndex} from '../../image/image-index.ts';
import {partsOf, type Repaired, verifyAndRepair} from '../../image/repair.ts';
import {type ImageStore, openStore} from '../../image/store.ts';
import {seePod} from '../../pod/state/find.ts';
import {RktError} from '../../rkt-error.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import type {Output} from '../context.ts';
import {flagConflict} from '../errors.ts';
import {forEachPod} from '../for-each-pod.ts';
import {storedImage} from '../image-argument.ts';

export const command = defineCommand({
  name: 'image verify',
  summary: 'Check that images are still what was fetched, and repair what can be repaired',
  usage: '[flags] [IMAGE…]',
  description:
    'Puts the archive of each image together again from what is stored, and compares its digest with the ID, every ' +
    'file with what the archive says about it, and rendered trees with the images that they are made of. Without IMAGE all images are checked, otherwise these and what they depend on. An image whose files still have their contents is unpacked ' +
    'and rendered again, unless a running pod uses it. An image that has lost contents cannot be run until it has been fetched again.',
  flags: {rebuild: {type: 'boolean', help: 'rebuild the index from the images, and check nothing'}},
  examples: [
    {command: 'rkt image verify example.com/web', does: 'checks one image, and what it depends on'},
    {command: 'rkt image verify --rebuild', does: 'rebuilds a lost or damaged index'},
  ],
  async run(context, {flags, positionals}): Promise<number> {
    asRoot(context, command.name);
    const {dataDir, output, format} = context;
    const store = openStore(dataDir);
    if (flags.rebuild) {
      if (positionals.length > 0) throw flagConflict('--rebuild', 'IMAGE');
      const images = existsSync(store.images) ? rebuildIndex(store) : 0;
      if (format === 'text') output.line(`the index has ${images} image${images === 1 ? '' : 's'}`);
      else output.value({images}, format);
      return 0;
    }
    const runs = (pod: string) => seePod(dataDir, pod as Uuid)?.state === 'running';
    const asked = positionals.length > 0 ? positionals : imageIds(store).sort();
    const images = new Set(asked.flatMap((text) => withParts(store, text)));
    return forEachPod(context, command.name, [...images], async (text) => {
      const id = storedImage(store, text);
      const repaired = await verifyAndRepair(store, id, runs);
      if (format === 'text') show(id, repaired, output);
      return {id, verified: true, ...(repaired.length > 0 && {repaired})};
    });
  },
});

/** What an image is made of comes before it: what is rendered of them is made of their files. */
const withParts = (store: ImageStore, text: string): readonly string[] => {
  try {
    return partsOf(store, storedImage(store, text));
  } catch (error) {
    // Reported in its turn.
    if (error instanceof RktError) return [text];
    throw error;
  }
};

const show = (id: ImageId, repaired: readonly Repaired[], output: Output): void => {
  for (const {problem} of repaired) output.line(`${id} has been repaired: ${problem}`);
  if (repaired.length === 0) output.line(`${id} is what it was`);
};
