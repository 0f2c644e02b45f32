import {parseReference} from '../../image/reference.ts';
import {RktError} from '../../rkt-error.ts';
import {isRktName} from '../load/find.ts';

/**
 * What a selection may mean besides a flavor. A stage1 image is root of the host, and whoever has an app fetched gives its image a name: so what is, or may be meant to be,
 * the name of a flavor is never looked for among the images, nor that of a file that is not there (S31, S36). `by name`: only if no flavor is called so.
 */
export const meansImage = (selection: string): 'always' | 'by name' | 'never' => {
  if (/^sha512-|^[a-z][a-z0-9+.-]*:\/\//.test(selection)) return 'always';
  const reference = referenceIn(selection);
  const isArchive = selection.endsWith('.aci');
  if (reference?.kind === 'file') return isArchive ? 'always' : 'never';
  const isName = reference?.kind === 'name' && reference.name.includes('/') && !isArchive && !isRktName(selection);
  return isName ? 'by name' : 'never';
};

const referenceIn = (text: string): ReturnType<typeof parseReference> | undefined => {
  try {
    return parseReference(text);
  } catch (error) {
    if (error instanceof RktError) return undefined;
    throw error;
  }
};
