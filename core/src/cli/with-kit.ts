import {exportImage} from '../image/export.ts';
import {isImageId} from '../image/image-ids.ts';
import {holdPresentImages, openStore} from '../image/store.ts';
import {scratchDirectory} from '../linux/scratch-directory.ts';
import {type ChosenFlavor, chooseFlavor} from '../stage1/choice/choose-flavor.ts';
import {type Examination, examineFlavor} from '../stage1/choice/examine-flavor.ts';
import {gatherFlavorFacts} from '../stage1/facts/flavor-facts.ts';
import {rememberedIn} from '../stage1/facts/remembered-in.ts';
import {findingsOf, refuseLacking} from '../stage1/negotiation/findings-of.ts';
import type {Context} from './context.ts';
import {type Kit, loadKit, type WorldOptions} from './load-kit.ts';
import {ownCommand} from './own-command.ts';

interface Given {
  readonly kit: Kit;
  readonly found: ChosenFlavor;
  readonly examination: Examination;
  readonly options: WorldOptions;
}

/**
 * The kit with a flavor that can run on this host, for as long as `use` takes. What it has of an image is a copy: it has a store of its own.
 * @throws RKT_FLAVOR_HOST_LACKS, RKT_KIT_MISSING, RKT_SCRATCH_UNUSABLE
 */
export const withKit = async <T>(
  context: Context,
  selection: string | undefined,
  use: (given: Given) => Promise<T>,
): Promise<T> => {
  const kit = loadKit();
  // Where the kit has its directory, too: what is wrong with that is said as everywhere.
  using scratch = scratchDirectory('rkt-kit-flavor-');
  const store = openStore(context.dataDir);
  using held = holdPresentImages(store);
  const found = await chooseFlavor(context, selection, {pullPolicy: 'stored'});
  const {flavor, source, stage1} = found;
  // The kit builds the image of a flavor that has no other way, and takes the host's programs where there is one.
  const tree = isImageId(source) || flavor.declaration.stage1Image?.required ? stage1?.tree : undefined;
  const host = await gatherFlavorFacts(context, flavor.declaration, {tree, cacheDir: rememberedIn(context)});
  const examination = examineFlavor(flavor.declaration, findingsOf(flavor, host), host);
  refuseLacking(examination.flavor, examination.findings);
  const flavorImage = `${scratch.path}/flavor.aci`;
  const isInImage = isImageId(source);
  if (isInImage) await exportImage(store, source, flavorImage, {overwrite: false});
  // Whoever removes images need not wait for the kit.
  held?.close();
  const options = {rkt: ownCommand(), flavor: source, ...(isInImage && {flavorImage})};
  return await use({kit, found, examination, options});
};
