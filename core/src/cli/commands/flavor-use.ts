import {readFileSync} from 'node:fs';
import path from 'node:path';
import {configuredStage1} from '../../config/config.ts';
import {loadConfig} from '../../config/load.ts';
import {RktError} from '../../rkt-error.ts';
import {byStrength} from '../../stage1/choice/abilities.ts';
import {canaryNumber} from '../../stage1/choice/canary.ts';
import {chooseFlavor} from '../../stage1/choice/choose-flavor.ts';
import {examineHere} from '../../stage1/choice/examine-here.ts';
import {flavorOptions} from '../../stage1/choice/flavor-options.ts';
import {rollBackFlavor, useFlavor} from '../../stage1/choice/used-flavor.ts';
import {findFlavor} from '../../stage1/load/find.ts';
import {refuseLacking} from '../../stage1/negotiation/findings-of.ts';
import {defineCommand} from '../command.ts';
import type {Context} from '../context.ts';
import {argumentMissing, argumentUnexpected, fileUnusable, flagConflict, flagValueInvalid} from '../errors.ts';

const MACHINE_ID = '/etc/machine-id';

export const command = defineCommand({
  name: 'flavor use',
  summary: 'Choose the default flavor of this host',
  usage: '[flags] FLAVOR',
  description:
    'Writes stage1.d/flavor-use.json in the configuration of the administrator, atomically, and changes nothing else: pods that run or have been prepared stay as they are. A flavor that cannot run pods here is refused, and so is a choice if another file of that directory makes one. ' +
    '--stage1 and the rules of policy.d still come first; "rkt explain" tells what a pod gets.\n\n' +
    'With --canary the same command, run on many hosts, changes only some of them: each host has a number from 0 to 99, made from its machine-id and the name of the flavor, and those below N change. A higher N adds hosts and takes none back.',
  flags: {
    canary: {type: 'string', value: 'N%', help: 'only if this host is among the first N of a hundred'},
    rollback: {type: 'boolean', help: 'go back to what was chosen before'},
  },
  examples: [
    {command: 'rkt flavor use nspawn', does: 'pods run with nspawn unless a flag or a rule says otherwise'},
    {command: 'rkt flavor use --canary=10% nspawn', does: 'the same on a tenth of the hosts'},
    {command: 'rkt flavor use --rollback', does: 'goes back to what was chosen before'},
  ],
  async run(context, {flags, positionals}) {
    const [name, extra] = positionals;
    if (extra !== undefined) throw argumentUnexpected(command.name, extra);
    const {localConfig, output} = context;
    if (flags.rollback) {
      if (name !== undefined) throw argumentUnexpected(`${command.name} --rollback`, name);
      if (flags.canary !== undefined) throw flagConflict('--rollback', '--canary');
      const {flavor, previous} = rollBackFlavor(localConfig);
      return tell(context, {flavor, previous, changed: true});
    }
    if (name === undefined) throw argumentMissing(command.name, 'FLAVOR');
    const percent = parsePercent(flags.canary);
    const selection = name.startsWith('.') ? path.resolve(name) : name;
    const found = await findFlavor(selection, await flavorOptions(context));
    const here = await examineHere(context, found);
    refuseLacking(found.flavor.declaration.name, here.examination.findings);
    if (percent !== undefined) {
      const number = canaryNumber(machineId(), found.flavor.declaration.name);
      if (number >= percent)
        return tell(context, {flavor: null, previous: null, changed: false, canary: {number, percent}});
      output.note(`this host has the number ${number}, of 0 to 99, and those below ${percent} change`);
    }
    const weaker = await weakerThan(context, here.abilities);
    const used = useFlavor(localConfig, selection);
    if (weaker !== undefined && used.changed)
      output.note(`it isolates less than "${weaker}", which pods had until now`);
    return tell(context, used);
  },
});

interface Told {
  readonly flavor: string | null;
  readonly previous: string | null;
  readonly changed: boolean;
  readonly canary?: {readonly number: number; readonly percent: number};
}

const tell = ({output, format}: Context, told: Told): number => {
  const {flavor, previous, changed, canary} = told;
  if (format !== 'text') output.value(told, format);
  else if (canary !== undefined && !changed)
    output.line(
      `nothing changes: this host is number ${canary.number} of 0 to 99, and those below ${canary.percent} change`,
    );
  else {
    output.line(
      `pods that name no flavor get ${flavor === null ? 'what is configured elsewhere, or the default' : flavor}`,
    );
    if (changed && previous !== null) output.line(`until now: ${previous}`);
  }
  return 0;
};

/** The flavor that pods get now, configured or by default, if it isolates more than another; what cannot be looked at is not compared. */
const weakerThan = async (
  context: Context,
  abilities: Parameters<typeof byStrength>[0],
): Promise<string | undefined> => {
  const configured = configuredStage1((await loadConfig(context, ['stage1'])).stage1);
  if (configured !== undefined && !/^[a-z0-9-]+$|^\//.test(configured)) return undefined;
  const options = await flavorOptions(context);
  try {
    const found =
      configured === undefined
        ? await chooseFlavor({...context, note: () => undefined}, undefined)
        : await findFlavor(configured, options);
    const now = await examineHere(context, found);
    return byStrength(now.abilities, abilities) < 0 ? (configured ?? found.flavor.declaration.name) : undefined;
  } catch (error) {
    if (!(error instanceof RktError)) throw error;
    // It may be gone or broken, which is what another is chosen for.
    context.output.note(
      `it could not be compared with ${configured === undefined ? 'the default' : `"${configured}"`}, which pods had until now: ${error.message}`,
    );
    return undefined;
  }
};

/** @throws RKT_FLAG_VALUE_INVALID */
const parsePercent = (value: string | undefined): number | undefined => {
  if (value === undefined) return undefined;
  const [, digits] = /^(\d{1,3})%$/.exec(value) ?? [];
  if (digits === undefined || Number(digits) > 100)
    throw flagValueInvalid('canary', value, 'not 0% to 100%, in whole numbers', 'write --canary=10%');
  return Number(digits);
};

const machineId = (): string => {
  try {
    const id = readFileSync(MACHINE_ID, 'utf8').trim();
    if (/^[0-9a-f]{32}$/.test(id)) return id;
  } catch (cause) {
    throw fileUnusable('canary', MACHINE_ID, 'it cannot be read', cause);
  }
  throw fileUnusable('canary', MACHINE_ID, 'it is no machine-id');
};
