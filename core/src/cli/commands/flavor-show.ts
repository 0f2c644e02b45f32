import type {Declaration} from '../../contract/declaration.ts';
import type {Support} from '../../contract/support.ts';
import {holdPresentImages, openStore} from '../../image/store.ts';
import {examineHere} from '../../stage1/choice/examine-here.ts';
import {namedFlavor} from '../../stage1/choice/named-flavor.ts';
import {ociFeatures} from '../../stage1/choice/oci-features.ts';
import {asRootIfCan} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {FORMATS, type Output} from '../context.ts';
import {exactly} from '../exactly.ts';

const OCI_FEATURES = 'oci-features';

export const command = defineCommand({
  name: 'flavor show',
  summary: 'Show what a flavor enforces, and how',
  usage: 'FLAVOR|IMAGE',
  description:
    'Every isolator, feature and verb is enforced (exactly as asked), equivalent (by other means), not-applicable (asking for it ' +
    'changes nothing) or impossible (a pod that asks for it is refused unless --allow-degraded names it). IMAGE is an image of the store: one that is a flavor, or one that was made for a flavor.\n\n' +
    'With --format=oci-features it tells what holds on this host, in the form in which engines ask runtimes for their features (features.md of the OCI runtime specification). rkt does not take a config.json of that specification.',
  flags: {
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: [...FORMATS, OCI_FEATURES],
      help: 'how results and errors are written; oci-features: in JSON, what holds on this host',
    },
    'no-legend': {type: 'boolean', help: 'leave out the headings'},
  },
  examples: [
    {command: 'rkt flavor show fly', does: 'every promise of fly with its mechanism'},
    {command: 'rkt flavor show nspawn --format=oci-features', does: 'what it can do here, for engines'},
    {command: 'rkt flavor show example.com/flavors/jail', does: 'what the flavor in an image of the store promises'},
    {command: 'rkt flavor show ./my-flavor --format=yaml', does: 'the declaration of a flavor that is not installed'},
  ],
  async run(context, {flags, positionals}) {
    const {output, format} = context;
    const [name] = exactly(command.name, ['FLAVOR'], positionals);
    if (flags.format === OCI_FEATURES) asRootIfCan(context, command.name);
    using _held = holdPresentImages(openStore(context.dataDir));
    const found = await namedFlavor(context, name);
    const {flavor, source, digest} = found;
    const {declaration} = flavor;
    if (flags.format === OCI_FEATURES) {
      const {examination, host} = await examineHere(context, found);
      output.value(ociFeatures(declaration, examination, host), 'json-pretty');
    } else if (format === 'text') show(declaration, source, flags['no-legend'], output);
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
const explain = (support: Support): string => {
  const parts = [
    ...('mechanism' in support ? [support.mechanism] : []),
    ...('consequence' in support ? [support.consequence] : []),
    ...('requires' in support && support.requires ? [`needs ${support.requires.join(', ')}`] : []),
  ];
  return parts.join('; ');
};
