import {type ChosenFlavor, chooseFlavor} from '../../stage1/choice/choose-flavor.ts';
import {type Examination, examineFlavor} from '../../stage1/choice/examine-flavor.ts';
import {flavorOptions} from '../../stage1/choice/flavor-options.ts';
import {gatherHostFacts} from '../../stage1/facts/host-facts.ts';
import {listFlavors} from '../../stage1/load/find.ts';
import {defineCommand} from '../command.ts';
import type {Context, Output} from '../context.ts';

export const command = defineCommand({
  name: 'flavor doctor',
  summary: 'Tell what this host lacks for a flavor, and how to fix it',
  usage: '[FLAVOR|IMAGE…]',
  description:
    'Without FLAVOR, all that are installed; with an image of the store that was made for a flavor, whether the flavor runs with it. Lists what a flavor finds missing or weakened on this host, each with a fix, and every ' +
    'promise that does not hold here. Exits with 1 if one of the flavors cannot run pods here.',
  flags: {all: {type: 'boolean', help: 'list the promises that hold, too'}},
  examples: [
    {command: 'rkt flavor doctor', does: 'all installed flavors'},
    {command: 'rkt flavor doctor fly --format=json', does: 'findings and verdicts of one, for programs'},
  ],
  async run(context, {flags, positionals}) {
    const examinations = (await chosen(context, positionals)).map(({flavor, stage1}) => {
      const host = gatherHostFacts(flavor.declaration.programs ?? [], stage1?.tree);
      return examineFlavor(flavor.declaration, flavor.probe(host), host);
    });
    if (context.format === 'text') for (const examination of examinations) show(examination, flags.all, context.output);
    else context.output.value(examinations, context.format);
    return examinations.every(({usable}) => usable) ? 0 : 1;
  },
});

const chosen = async (context: Context, names: readonly string[]): Promise<ChosenFlavor[]> => {
  if (names.length > 0) return Promise.all(names.map((name) => chooseFlavor(context, name, {pullPolicy: 'stored'})));
  const installed = await listFlavors(await flavorOptions(context));
  return installed.flatMap((found) => ('flavor' in found ? [found] : []));
};

const STYLES = {missing: 'red', degraded: 'yellow', note: 'dim'} as const;

const show = ({flavor, usable, findings, verdicts}: Examination, all: boolean, output: Output): void => {
  output.line(`${flavor}: ${usable ? 'runs on this host' : 'cannot run on this host'}`, usable ? 'green' : 'red');
  for (const {severity, what, fix} of findings) {
    output.line(`  ${severity}: ${what}`, STYLES[severity]);
    if (fix !== undefined) output.line(`    fix: ${fix}`);
  }
  const shown = verdicts.filter(({declared, here}) => all || declared !== here);
  if (shown.length > 0) {
    output.line();
    output.table(
      ['KIND', 'NAME', 'DECLARED', 'HERE', 'WHY'],
      shown.map(({kind, name, declared, here, because = ''}) => [kind, name, declared, here, because]),
    );
  }
  output.line();
};
