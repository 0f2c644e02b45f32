import type {SupportLevel} from '../../contract/support.ts';
import type {Abilities} from '../../stage1/choice/abilities.ts';
import type {Verdict} from '../../stage1/choice/examine-flavor.ts';
import {examineHere} from '../../stage1/choice/examine-here.ts';
import {flavorOptions} from '../../stage1/choice/flavor-options.ts';
import {findFlavor} from '../../stage1/load/find.ts';
import {defineCommand} from '../command.ts';
import type {Context} from '../context.ts';
import {argumentMissing, argumentUnexpected} from '../errors.ts';

export const command = defineCommand({
  name: 'flavor compare',
  summary: 'Compare what two flavors give on this host',
  usage: 'FLAVOR FLAVOR',
  description:
    'Shows how two flavors differ on this host: how they isolate, and for which isolators, features and verbs one promises more than the other, and why the other does not.',
  flags: {
    all: {type: 'boolean', help: 'also show what is the same with both'},
    'no-legend': {type: 'boolean', help: 'leave out the headings'},
  },
  examples: [
    {command: 'rkt flavor compare fly nspawn', does: 'how they differ here'},
    {command: 'rkt flavor compare --all --format=json fly kvm', does: 'everything, as JSON'},
  ],
  async run(context, {flags, positionals}) {
    const {output, format} = context;
    const [first, second, extra] = positionals;
    if (first === undefined || second === undefined) throw argumentMissing('flavor compare', 'FLAVOR FLAVOR');
    if (extra !== undefined) throw argumentUnexpected('flavor compare', extra);
    const left = await examine(context, first);
    const right = await examine(context, second);
    const isolation = isolationOf(left, right).filter(({here}) => flags.all || here[0] !== here[1]);
    const promises = promisesOf(left, right).filter(({here}) => flags.all || here[0] !== here[1]);
    if (format !== 'text') {
      output.value({flavors: [left.name, right.name], isolation, promises}, format);
      return 0;
    }
    const heading = (title: string, ...more: string[]) =>
      flags['no-legend'] ? undefined : [title, left.name, right.name, ...more];
    output.table(
      heading('ISOLATION'),
      isolation.map(({name, here}) => [name, ...here]),
    );
    output.line();
    output.table(
      heading('PROMISE', 'WHY'),
      promises.map(({name, here, because}) => [
        name,
        ...here,
        because.flatMap((why, index) => (why === null ? [] : [`${[left, right][index]?.name}: ${why}`])).join('; '),
      ]),
    );
    return 0;
  },
});

type Examined = Awaited<ReturnType<typeof examineHere>> & {readonly name: string};

const examine = async (context: Context, selection: string): Promise<Examined> => {
  const found = await findFlavor(selection, await flavorOptions(context));
  return {name: found.flavor.declaration.name, ...(await examineHere(context, found))};
};

/** What `rkt flavor list` tells, of both. */
const isolationOf = (left: Examined, right: Examined): {name: string; here: [string, string]}[] =>
  (Object.keys(left.abilities) as (keyof Abilities)[]).map((name) => ({
    name,
    here: [told(left.abilities[name]), told(right.abilities[name])],
  }));

const told = (value: Abilities[keyof Abilities]): string => {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'string' ? value : value.join(',') || 'none';
};

interface Compared {
  readonly kind: string;
  readonly name: string;
  readonly here: readonly [SupportLevel, SupportLevel];
  /** Why it does not hold with the one or the other. */
  readonly because: readonly [string | null, string | null];
}

/** One that was written for an earlier contract does not know all of the other's. */
const promisesOf = (left: Examined, right: Examined): Compared[] => {
  const [lefts, rights] = [verdictsOf(left), verdictsOf(right)];
  return [...new Set([...lefts.keys(), ...rights.keys()])].map((key) => {
    const [one, other] = [lefts.get(key), rights.get(key)];
    const [kind = '', name = ''] = key.split(' ');
    return {
      kind,
      name,
      here: [one?.here ?? 'impossible', other?.here ?? 'impossible'],
      because: [whyNot(one), whyNot(other)],
    };
  });
};

const verdictsOf = ({examination}: Examined): Map<string, Verdict> =>
  new Map(examination.verdicts.map((verdict) => [`${verdict.kind} ${verdict.name}`, verdict]));

const whyNot = (verdict: Verdict | undefined): string | null =>
  verdict === undefined ? 'this flavor does not know it' : (verdict.because ?? null);
