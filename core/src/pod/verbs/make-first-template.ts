import {takeTemplates} from '../../artifact/templates.ts';
import {RktError} from '../../rkt-error.ts';
import type {Settings} from '../../settings.ts';
import {withBuiltImage} from '../../stage1/choice/choose-flavor.ts';
import {gatherFlavorFacts} from '../../stage1/facts/flavor-facts.ts';
import {rememberedIn} from '../../stage1/facts/remembered-in.ts';
import type {FoundFlavor} from '../../stage1/load/find.ts';
import {planOrdinary} from './try-ordinary.ts';

/** Makes the template from which virtual machines of a flavor's image continue, if they do, so that the first pod need not wait for it. If it cannot be made the operator is told why, and pods are booted. */
export const makeFirstTemplate = async (settings: Settings, built: FoundFlavor): Promise<void> => {
  const {dataDir, note} = settings;
  const found = await withBuiltImage(settings, built);
  if (found?.stage1 === undefined) return;
  try {
    const facts = await gatherFlavorFacts(settings, found.flavor.declaration, {
      tree: found.stage1.tree,
      cacheDir: rememberedIn(settings),
    });
    const {plan} = await planOrdinary(settings, found, facts);
    if (plan.filesystem.some((step) => step.do === 'template'))
      note('booting the virtual machine from which others continue');
    for (const template of (await takeTemplates(dataDir, plan, {note})).values()) template.close();
  } catch (error) {
    if (!(error instanceof RktError)) throw error;
    note(`no virtual machine has been saved for others to continue from: ${error.message}`);
  }
};
