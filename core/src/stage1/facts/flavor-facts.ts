import type {Declaration} from '../../contract/declaration.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {HostPath} from '../../contract/names.ts';
import type {Settings} from '../../settings.ts';
import {gatherHostFacts} from './host-facts.ts';

/**
 * {@link gatherHostFacts} for one flavor, with what runs the code of its machines if it has any.
 * @param again what takes long to prove is proved anew. Default false
 */
export const gatherFlavorFacts = async (
  settings: Settings,
  declaration: Pick<Declaration, 'programs' | 'stage1Image'>,
  {
    tree,
    cacheDir,
    again = false,
  }: {readonly tree: HostPath | undefined; readonly cacheDir: string | undefined; readonly again?: boolean},
): Promise<HostFacts> => {
  const facts = gatherHostFacts(declaration.programs ?? [], tree, cacheDir);
  if (tree === undefined || declaration.stage1Image?.machine?.emulator === undefined) return facts;
  const {withAccelerator} = await import('./accelerator.ts');
  return withAccelerator(settings, declaration, facts, {tree, cacheDir, again});
};
