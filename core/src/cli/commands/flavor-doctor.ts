import type {Finding} from '../../contract/host.ts';
import {holdPresentImages, openStore} from '../../image/store.ts';
import {measuredAspects} from '../../pod/compose/plan-aspects.ts';
import {tryOrdinary} from '../../pod/verbs/try-ordinary.ts';
import {type ChosenFlavor, withBuiltImage} from '../../stage1/choice/choose-flavor.ts';
import {type Examination, examineFlavor} from '../../stage1/choice/examine-flavor.ts';
import {flavorOptions} from '../../stage1/choice/flavor-options.ts';
import type {MeasuredCosts} from '../../stage1/choice/measured-costs.ts';
import {namedFlavor} from '../../stage1/choice/named-flavor.ts';
import {gatherFlavorFacts} from '../../stage1/facts/flavor-facts.ts';
import {rememberedIn} from '../../stage1/facts/remembered-in.ts';
import {eachFlavor} from '../../stage1/load/find.ts';
import {findingsOf} from '../../stage1/negotiation/findings-of.ts';
import {asRootIfCan} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import type {Context, Output} from '../context.ts';
import {flagConflict} from '../errors.ts';
import type {Proof} from '../prove.ts';

export const command = defineCommand({
  name: 'flavor doctor',
  summary: 'Tell what this host lacks for a flavor, and how to fix it',
  usage: '[FLAVOR|IMAGE…]',
  description:
    'Lists what a flavor finds missing or weaker on this host, each with a fix; why it would refuse a pod of one app that asks for nothing; and every promise that does not hold here. ' +
    'Exits with 1 if one of the flavors cannot run such a pod here. Without FLAVOR it looks at all that are installed. IMAGE is an image of the store: one that was made for a flavor, which is tried with it, or one that is a flavor itself.\n\n' +
    '--prove and --measure are, without FLAVOR, about the flavor that runs pods by default. With --prove it also exits with 1 if a promise does not hold. The numbers of --measure are kept with their date until it is run again.',
  flags: {
    all: {type: 'boolean', help: 'also list the promises that hold'},
    measure: {
      type: 'boolean',
      help: 'run pods that do nothing and tell what they cost; rkt plan --diff then shows it, too',
    },
    prove: {
      type: 'boolean',
      help: 'try every promise with throw-away pods, as rkt flavor test does, and tell which hold',
    },
  },
  examples: [
    {command: 'rkt flavor doctor', does: 'all installed flavors'},
    {command: 'rkt flavor doctor fly --format=json', does: 'findings and verdicts of one, as JSON'},
    {command: 'rkt flavor doctor --measure fly', does: 'how long a pod takes here, and what runs besides its app'},
    {command: 'rkt flavor doctor --prove fly', does: 'which promises of fly hold, tried with hostile pods'},
  ],
  async run(context, {flags, positionals}) {
    if (flags.measure && flags.prove) throw flagConflict('--measure', '--prove');
    if (flags.measure) return measureEach(context, positionals);
    if (flags.prove) return proveEach(context, positionals);
    asRootIfCan(context, command.name, {always: true});
    using _held = holdPresentImages(openStore(context.dataDir));
    const examinations = positionals.length > 0 ? await examineThese(context, positionals) : await examineAll(context);
    if (context.format === 'text') for (const examination of examinations) show(examination, flags.all, context.output);
    else context.output.value(examinations, context.format);
    return examinations.every(({usable, refusal}) => usable && refusal === undefined) ? 0 : 1;
  },
});

interface Examined extends Examination {
  /** Why the flavor, which lacks nothing here, runs no ordinary pod. */
  readonly refusal?: {readonly code: string; readonly message: string; readonly hint: string | undefined};
}

const examine = async (context: Context, found: ChosenFlavor): Promise<Examined> => {
  const {flavor, stage1} = found;
  const cacheDir = rememberedIn(context);
  const host = await gatherFlavorFacts(context, flavor.declaration, {tree: stage1?.tree, cacheDir, again: true});
  const findings = [...findingsOf(flavor, host), ...(await imageFindings(found))];
  const examination = examineFlavor(flavor.declaration, findings, host);
  const refusal = examination.usable ? await tryOrdinary(context, found, host) : undefined;
  if (refusal === undefined) return examination;
  const {code, message, hint} = refusal;
  return {...examination, refusal: {code, message, hint}};
};

/** What this host lacks for the image that a flavor needs, as long as that has not been made. */
const imageFindings = async ({flavor, stage1}: ChosenFlavor): Promise<Finding[]> => {
  const {stage1Image} = flavor.declaration;
  if (stage1Image?.required !== true || stage1 !== undefined) return [];
  const [{lackingPrograms}, {debianPackage}] = await Promise.all([
    import('../../artifact/lacking-programs.ts'),
    import('../../artifact/debian-packages.ts'),
  ]);
  return lackingPrograms(stage1Image).map((program) => ({
    severity: 'missing',
    what: `${program}, of which its image is made, is not installed`,
    fix: `install what has it, for example: apt-get install ${debianPackage(program)}`,
  }));
};

const measureEach = async (context: Context, names: readonly string[]): Promise<number> => {
  const {measureFlavor} = await import('../measure-flavor.ts');
  const measured: MeasuredCosts[] = [];
  for (const name of names.length > 0 ? names : [undefined])
    measured.push(await measureFlavor(context, 'flavor doctor --measure', name));
  if (context.format !== 'text') context.output.value(measured, context.format);
  else
    for (const costs of measured) {
      const {flavor} = costs;
      context.output.line(`${flavor.name} ${flavor.version}`, 'bold');
      for (const {what, value} of measuredAspects(costs, flavor.digest)) context.output.line(`  ${what}: ${value}`);
    }
  return 0;
};

const proveEach = async (context: Context, names: readonly string[]): Promise<number> => {
  const [{testFlavor}, {prove}, {loadKit}] = await Promise.all([
    import('../test-flavor.ts'),
    import('../prove.ts'),
    import('../load-kit.ts'),
  ]);
  const proved: {flavor: string; proofs: Proof[]}[] = [];
  for (const name of names.length > 0 ? names : [undefined]) {
    const {report, examination} = await testFlavor(context, 'flavor doctor --prove', name, {
      onOutcome: ({result, id}) => context.remark(`${result}: ${id}`),
    });
    proved.push({flavor: examination.flavor, proofs: prove(examination, report, loadKit().untried)});
  }
  if (context.format === 'text') for (const {flavor, proofs} of proved) showProofs(flavor, proofs, context.output);
  else context.output.value(proved, context.format);
  return proved.some(({proofs}) => proofs.some(({verdict}) => verdict === 'does not hold')) ? 1 : 0;
};

const showProofs = (flavor: string, proofs: readonly Proof[], output: Output): void => {
  const isSound = proofs.every(({verdict}) => verdict !== 'does not hold');
  output.line(
    `${flavor}: ${isSound ? 'what could be tried holds' : 'does not keep what it promises'}`,
    isSound ? 'green' : 'red',
  );
  output.table(
    ['KIND', 'NAME', 'VERDICT', 'CASES', 'WHY'],
    proofs.map(({kind, name, verdict, cases, because}) => [kind, name, verdict, String(cases.length), because]),
  );
  output.line();
};

const examineThese = async (context: Context, names: readonly string[]): Promise<Examined[]> => {
  const examined: Examined[] = [];
  for (const name of names) examined.push(await examine(context, await namedFlavor(context, name)));
  return examined;
};

const examineAll = async (context: Context): Promise<Examined[]> => {
  const examined = await eachFlavor(await flavorOptions(context), async (found) =>
    'flavor' in found ? [await examine(context, (await withBuiltImage(context, found)) ?? found)] : [],
  );
  return examined.flat();
};

const STYLES = {missing: 'red', degraded: 'yellow', note: 'dim'} as const;

const show = ({flavor, usable, findings, verdicts, refusal}: Examined, all: boolean, output: Output): void => {
  const verdict =
    refusal !== undefined ? 'refuses every ordinary pod' : usable ? 'runs on this host' : 'cannot run on this host';
  output.line(`${flavor}: ${verdict}`, usable && refusal === undefined ? 'green' : 'red');
  if (refusal !== undefined) {
    for (const text of `${refusal.code}: ${refusal.message}`.split('\n')) output.line(`  ${text}`, 'red');
    if (refusal.hint !== undefined) output.line(`    fix: ${refusal.hint}`);
  }
  for (const {severity, what, fix} of findings) {
    output.line(`  ${severity}: ${what}`, STYLES[severity]);
    if (fix !== undefined) output.line(`    fix: ${fix}`);
  }
  const shown = verdicts.filter(({declared, here}) => all || declared !== here);
  if (shown.length > 0) {
    output.line();
    output.table(
      ['KIND', 'NAME', 'DECLARED', 'HERE', 'WHY'],
      shown.map(({kind, name, declared, here, because = ''}, index) => {
        const isSame = because !== '' && because === shown[index - 1]?.because;
        return [kind, name, declared, here, isSame ? 'as above' : because];
      }),
    );
  }
  output.line();
};
