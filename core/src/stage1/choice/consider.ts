import type {HostFacts} from '../../contract/host.ts';
import {RktError} from '../../rkt-error.ts';
import type {Reason} from '../policy/host-reasons.ts';
import type {ChosenFlavor} from './choose-flavor.ts';

/** A flavor that was looked at for a pod. */
export interface Considered {
  readonly name: string;
  /** Absent when it is not there. */
  readonly flavor?: ChosenFlavor;
  readonly facts?: HostFacts;
  /** Why it does not run the pod; none: it can. */
  readonly reasons: readonly Reason[];
}

/** One that is there. */
export type Seen = Considered & Required<Pick<Considered, 'flavor' | 'facts'>>;

export interface Consideration {
  /** In order. Those after the chosen one are only there if somebody wants to know about all. */
  readonly considered: readonly Considered[];
  readonly chosen?: Seen;
}

/** Whether nothing keeps it from running the pod. */
export const isFit = (each: Considered): each is Seen =>
  each.reasons.length === 0 && each.flavor !== undefined && each.facts !== undefined;

/** Looks at flavors in order, until one can run the pod, or `all` of them. */
export const consider = async (
  names: readonly string[],
  look: (name: string) => Promise<Considered>,
  {all = false}: {readonly all?: boolean} = {},
): Promise<Consideration> => {
  const considered: Considered[] = [];
  for (const name of names) {
    if (!all && considered.some(isFit)) break;
    const looking = look(name);
    // What is wrong with one that is only looked at for who wants to know is for that one to say.
    considered.push(await (considered.some(isFit) ? looking.catch((error) => failed(name, error)) : looking));
  }
  const chosen = considered.find(isFit);
  return chosen === undefined ? {considered} : {considered, chosen};
};

const failed = (name: string, error: unknown): Considered => {
  if (!(error instanceof RktError)) throw error;
  const {message, hint} = error;
  return {name, reasons: [{kind: 'host', because: message, ...(hint === undefined ? {} : {fix: hint})}]};
};

/** Of those before the chosen one, why each was passed over, as a sentence; `undefined` for none. */
export const passedOver = (
  {considered, chosen}: Consideration,
  counts: (reason: Reason) => boolean = () => true,
): string | undefined => {
  const until = chosen === undefined ? considered.length : considered.indexOf(chosen);
  const passed = considered
    .slice(0, until)
    .filter(({reasons}) => reasons.every(counts))
    .map(sayWhyNot);
  return passed.length === 0 ? undefined : passed.join('; ');
};

const sayWhyNot = ({name, reasons}: Considered): string => {
  const absent = reasons.find(({kind}) => kind === 'absent');
  if (absent !== undefined) return `"${name}" ${absent.because}`;
  const is = reasons.every(({kind}) => kind === 'policy') ? 'may not run it' : 'cannot run here';
  return `"${name}" ${is}: ${reasons.map(({because}) => because).join('; ')}`;
};
