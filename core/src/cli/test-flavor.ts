import type {Examination} from '../stage1/choice/examine-flavor.ts';
import {asOwner} from './as-root.ts';
import type {Context} from './context.ts';
import {kitCaseUnknown} from './errors.ts';
import {type KitReport, loadKit, type Outcome} from './load-kit.ts';
import {withKit} from './with-kit.ts';

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
  // Each call of an ordinary user's begins anew by itself, as it does for the user.
  asOwner(context, command);
  casesOf(cases);
  return withKit(context, selection, async ({kit, examination, options}) => ({
    report: await kit.testFlavor({...options, ...cases}),
    examination,
  }));
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
