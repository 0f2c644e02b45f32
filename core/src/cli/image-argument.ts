import type {ImageId} from '../contract/names.ts';
import {imageReferenceInvalid} from '../image/errors.ts';
import {findImage, findOnlyImage} from '../image/find-image.ts';
import {parseReference} from '../image/reference.ts';
import type {ImageStore} from '../image/store.ts';
import {argumentMissing} from './errors.ts';

/** The image of the store that an argument of `rkt image …` means: an ID, its beginning, or a name, of which it is the newest. */
export const storedImage = (store: ImageStore, text: string): ImageId => stored(store, text, findImage);

/** The same, where a name that several images have will not do. @throws RKT_IMAGE_AMBIGUOUS */
export const onlyStoredImage = (store: ImageStore, text: string): ImageId => stored(store, text, findOnlyImage);

const stored = (store: ImageStore, text: string, find: typeof findImage): ImageId => {
  const reference = parseReference(text);
  if (reference.kind === 'file')
    throw imageReferenceInvalid(text, 'it is a file; this command takes images of the store');
  return find(store, reference, text);
};

/** At least one. @throws RKT_ARGUMENT_MISSING */
export const someImages = (command: string, positionals: readonly string[]): readonly string[] => {
  if (positionals.length === 0) throw argumentMissing(command, 'IMAGE');
  return positionals;
};

/** An ID as tables show it: enough digits to tell images apart. */
export const shortId = (id: string): string => id.slice(0, 'sha512-'.length + 12);
