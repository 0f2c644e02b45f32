import type {HostFacts} from '../../contract/host.ts';
import {flavorNotFound} from '../errors.ts';
import type {FoundFlavor} from '../load/find.ts';
import {findingsOf} from '../negotiation/findings-of.ts';
import {hostReasons} from '../policy/host-reasons.ts';
import {type Considered, consider, passedOver, type Seen} from './consider.ts';
import {findOrReason} from './find-or-reason.ts';
import {type FlavorChoice, flavorChoice} from './flavor-choice.ts';

interface Ways {
  /** Those that may run unasked, the one that isolates most first. */
  readonly names: readonly string[];
  readonly find: (name: string) => Promise<FoundFlavor>;
  readonly gather: (programs: readonly string[] | undefined) => HostFacts;
  /** Tells the operator. */
  readonly note: (text: string) => void;
}

/**
 * The flavor of a pod for which nobody chose one: the first that is installed and lacks nothing on this host. The flavors before it isolate more, so the operator is told why they were
 * passed over.
 * @throws RKT_FLAVOR_NOT_FOUND, RKT_PROGRAM_TIMED_OUT
 */
export const defaultFlavor = async ({
  names,
  find,
  gather,
  note,
}: Ways): Promise<FoundFlavor & {readonly choice: FlavorChoice}> => {
  const look = async (name: string): Promise<Considered> => {
    const found = await findOrReason(name, find);
    if ('kind' in found) return {name, reasons: [found]};
    const facts = gather(found.flavor.declaration.programs);
    return {name, flavor: found, facts, reasons: hostReasons(findingsOf(found.flavor, facts))};
  };
  const consideration = await consider(names, look);
  if (consideration.chosen === undefined) throw flavorNotFound('default', names);
  tellWeaker(consideration.chosen, passedOver(consideration), note);
  return {...consideration.chosen.flavor, choice: flavorChoice({by: 'default', ...consideration})};
};

/** Tells the operator that the pod gets a weaker flavor, if others were passed over. An ordinary user has no choice, and `explain` says so. */
export const tellWeaker = (
  {name, facts: {rootless}}: Pick<Seen, 'name' | 'facts'>,
  passed: string | undefined,
  note: Ways['note'],
): void => {
  if (passed !== undefined && rootless === undefined)
    note(`the pod gets the weaker flavor "${name}" (choose one by --stage1): ${passed}`);
};
