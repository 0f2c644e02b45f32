import {scratchDirectory} from '../linux/scratch-directory.ts';
import {requireRoot} from '../pod/verbs/require-root.ts';
import {chooseFlavor} from '../stage1/choice/choose-flavor.ts';
import {type Examination, examineFlavor} from '../stage1/choice/examine-flavor.ts';
import {flavorHostLacks} from '../stage1/errors.ts';
import {gatherFlavorFacts} from '../stage1/facts/flavor-facts.ts';
import {rememberedIn} from '../stage1/facts/remembered-in.ts';
import type {Context} from './context.ts';
import {kitCaseUnknown} from './errors.ts';
import {type KitReport, loadKit, type Outcome} from './load-kit.ts';
import {ownCommand} from './own-command.ts';

interface Selection {
  readonly ids?: readonly string[];
  readonly match?: string;
}

interface Options extends Selection {
  /** Told as they come. */
  readonly onOutcome?: (outcome: Outcome) => void;
}

export interface Tested {
  readonly report: KitReport;
  readonly examination: Examination;
}

/**
 * Tries what a flavor promises with real pods, in a data directory of their own.
 * @throws RKT_FLAVOR_HOST_LACKS, RKT_KIT_CASE_UNKNOWN, RKT_KIT_MISSING, RKT_ROOT_NEEDED, RKT_SCRATCH_UNUSABLE
 */
export const testFlavor = async (
  context: Context,
  command: string,
  selection: string | undefined,
  cases: Options = {},
): Promise<Tested> => {
  requireRoot(command);
  const kit = loadKit();
  casesOf(cases);
  // Where the kit has its directory: what is wrong with that is said as everywhere.
  scratchDirectory('rkt-kit-')[Symbol.dispose]();
  const {flavor, source, stage1} = await chooseFlavor(context, selection, {pullPolicy: 'stored'});
  // The kit builds the image of a flavor that has no other way, and takes the host's programs where there is one.
  const tree = flavor.declaration.stage1Image?.required ? stage1?.tree : undefined;
  const cacheDir = rememberedIn(context);
  const host = await gatherFlavorFacts(context, flavor.declaration, {tree, cacheDir});
  const examination = examineFlavor(flavor.declaration, flavor.probe(host), host);
  const missing = examination.findings.filter(({severity}) => severity === 'missing');
  if (missing.length > 0) throw flavorHostLacks(examination.flavor, missing);
  return {report: await kit.testFlavor({rkt: ownCommand(), flavor: source, ...cases}), examination};
};

/** The cases that a selection is about. @throws RKT_KIT_CASE_UNKNOWN, RKT_KIT_MISSING */
export const casesOf = (selection: Selection): readonly Pick<Outcome, 'id' | 'title' | 'needs'>[] => {
  const kit = loadKit();
  try {
    return kit.selectCases(selection);
  } catch (error) {
    if (error instanceof Error && error.name === 'NoSuchCase' && 'asked' in error)
      throw kitCaseUnknown(String(error.asked));
    throw error;
  }
};
