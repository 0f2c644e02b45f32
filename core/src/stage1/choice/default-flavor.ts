import type {HostFacts} from '../../contract/host.ts';
import {RktError} from '../../rkt-error.ts';
import {flavorNotFound} from '../errors.ts';
import type {FoundFlavor} from '../load/find.ts';
import {findingsOf} from '../negotiation/findings-of.ts';

interface Ways {
  /** Those that may run unasked, the one that isolates most first. */
  readonly names: readonly string[];
  readonly find: (name: string) => Promise<FoundFlavor>;
  readonly gather: (programs: readonly string[] | undefined) => HostFacts;
  /** Tells the operator. */
  readonly note: (text: string) => void;
}

/**
 * The flavor of a pod for which nobody chose one: the first that is installed and lacks nothing on this host. Those before it isolate more, so whoever gets
 * another one is told why.
 * @throws RKT_FLAVOR_NOT_FOUND, RKT_PROGRAM_TIMED_OUT
 */
export const defaultFlavor = async ({names, find, gather, note}: Ways): Promise<FoundFlavor> => {
  const passed: string[] = [];
  for (const name of names) {
    try {
      const found = await find(name);
      const {flavor} = found;
      const lacks = findingsOf(flavor, gather(flavor.declaration.programs)).filter(
        ({severity}) => severity === 'missing',
      );
      if (lacks.length > 0) {
        passed.push(`"${name}" cannot run here: ${lacks.map(({what}) => what).join('; ')}`);
        continue;
      }
      if (passed.length > 0)
        note(`the pod gets the weaker flavor "${name}" (choose one by --stage1): ${passed.join('; ')}`);
      return found;
    } catch (error) {
      if (!(error instanceof RktError) || error.code !== 'RKT_FLAVOR_NOT_FOUND') throw error;
      passed.push(`"${name}" is not installed`);
    }
  }
  throw flavorNotFound('default', names);
};
