import type {Examination} from '../stage1/choice/examine-flavor.ts';
import type {KitReport, Outcome} from './load-kit.ts';

/** What is known of a promise on this host after its cases have been tried with real pods. */
export interface Proof {
  readonly kind: Examination['verdicts'][number]['kind'];
  readonly name: string;
  readonly verdict: 'holds' | 'does not hold' | 'cannot be tried here';
  /** What came out instead, or why nobody can say. */
  readonly because: string;
  /** IDs of the cases that were tried. */
  readonly cases: readonly string[];
}

/** One row for each promise of a flavor. */
export const prove = (
  {verdicts}: Pick<Examination, 'verdicts'>,
  {outcomes}: Pick<KitReport, 'outcomes'>,
  untried: Readonly<Record<string, string>>,
): Proof[] =>
  verdicts
    .filter(({declared}) => declared === 'enforced' || declared === 'equivalent')
    .map(({kind, name, here, because}) => {
      const about = outcomes.filter(({needs}) => needs.includes(name));
      const tried = about.filter(({result}) => result === 'passed' || result === 'failed');
      const failed = tried.filter(({result}) => result === 'failed');
      const row = {kind, name, cases: tried.map(({id}) => id)};
      if (failed.length > 0) return {...row, verdict: 'does not hold', because: failed.map(reason).join('; ')};
      if (here === 'impossible') return {...row, verdict: 'cannot be tried here', because: because ?? ''};
      if (tried.length > 0) return {...row, verdict: 'holds', because: ''};
      return {
        ...row,
        verdict: 'cannot be tried here',
        because: untried[name] ?? about[0]?.because ?? 'no case is about it',
      };
    });

const reason = ({id, because = ''}: Outcome): string => `${id}: ${because.split('\n')[0]}`;
