import type {Declaration} from '../../contract/declaration.ts';
import type {Support} from '../../contract/support.ts';
import {flavorOptions} from '../../stage1/choice/flavor-options.ts';
import {findFlavor} from '../../stage1/load/find.ts';
import {defineCommand} from '../command.ts';
import type {Output} from '../context.ts';
import {argumentMissing, argumentUnexpected} from '../errors.ts';

export const command = defineCommand({
  name: 'flavor show',
  summary: 'Show what a flavor enforces, and how',
  usage: 'FLAVOR',
  description:
    'For every isolator, feature and verb: enforced (exactly as asked), equivalent (by another means), not-applicable (asking for it ' +
    'changes nothing), or impossible (a pod that asks for it is refused unless --allow-degraded names it).',
  flags: {'no-legend': {type: 'boolean', help: 'leave out the headings'}},
  examples: [
    {command: 'rkt flavor show fly', does: 'every promise of fly with its mechanism'},
    {command: 'rkt flavor show ./my-flavor --format=yaml', does: 'the declaration of a flavor that is not installed'},
  ],
  async run(context, {flags, positionals}) {
    const {output, format} = context;
    const [name, extra] = positionals;
    if (name === undefined) throw argumentMissing(command.name, 'FLAVOR');
    if (extra !== undefined) throw argumentUnexpected(command.name, extra);
    const {flavor, source, digest} = await findFlavor(name, await flavorOptions(context));
    const {declaration} = flavor;
    if (format === 'text') show(declaration, source, flags['no-legend'], output);
    else output.value({...declaration, source, digest}, format);
    return 0;
  },
});

const show = (declaration: Declaration, source: string, noLegend: boolean, output: Output): void => {
  const {name, version, contract, summary, properties, liveness} = declaration;
  output.table(undefined, [
    ['name', name],
    ['version', version],
    ['summary', summary],
    ['contract', contract],
    ['properties', properties.join(', ')],
    ['liveness', liveness],
    ['source', source],
  ]);
  for (const [title, supports] of [
    ['ISOLATOR', declaration.isolators],
    ['FEATURE', declaration.features],
    ['VERB', declaration.verbs],
  ] as const) {
    output.line();
    output.table(noLegend ? undefined : [title, 'LEVEL', 'HOW OR WHY'], Object.entries(supports).map(row));
  }
};

const row = ([name, support]: readonly [string, Support]): string[] => [name, support.level, explain(support)];

/** The mechanism, the consequence, or both. */
export const explain = (support: Support): string => {
  const parts = [
    ...('mechanism' in support ? [support.mechanism] : []),
    ...('consequence' in support ? [support.consequence] : []),
    ...('requires' in support && support.requires ? [`needs ${support.requires.join(', ')}`] : []),
  ];
  return parts.join('; ');
};
