import {type Abilities, byStrength} from '../../stage1/choice/abilities.ts';
import {examineHere} from '../../stage1/choice/examine-here.ts';
import {flavorOptions} from '../../stage1/choice/flavor-options.ts';
import {eachFlavor, type FoundFlavor} from '../../stage1/load/find.ts';
import {asRootIfCan} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import type {Context} from '../context.ts';
import {exactly} from '../exactly.ts';
import {toRktError} from '../report-error.ts';

export const command = defineCommand({
  name: 'flavor list',
  summary: 'List the installed flavors',
  usage: '',
  description:
    'A flavor is what runs a pod. It is chosen by --stage1, by the rules of policy.d, by the configuration, or by default. Those that isolate most on this host come first, those that cannot run here last ("rkt flavor doctor" tells why). ' +
    'A flag in a column means that a pod gets it by that flag, and "host" that it shares the host\'s.',
  flags: {
    full: {type: 'boolean', help: 'also show where each comes from and what it is'},
    'no-legend': {type: 'boolean', help: 'leave out the heading'},
  },
  examples: [
    {command: 'rkt flavor list', does: 'what each can do on this host, the strongest first'},
    {command: 'rkt flavor list --format=json', does: 'the same as JSON, with sources and digests'},
  ],
  async run(context, {flags, positionals}) {
    exactly(command.name, [], positionals);
    asRootIfCan(context, command.name);
    const {output, format} = context;
    const rows = await eachFlavor(await flavorOptions(context), (each) =>
      'flavor' in each ? whole(context, each) : broken(each),
    );
    rows.sort((a, b) => byHere(a.here, b.here) || (a.name < b.name ? -1 : 1));
    if (format !== 'text') {
      output.value(rows, format);
      return 0;
    }
    const head = ['NAME', 'VERSION', 'KERNEL', 'USER IDS', 'PIDS', 'NETWORK', 'LIMITS', 'ROOTLESS', 'STATUS'];
    output.table(
      flags['no-legend'] ? undefined : [...head, ...(flags.full ? ['SUMMARY', 'SOURCE'] : [])],
      rows.map(({name, version, here, status, summary, source}) => [
        name,
        version,
        ...(here === undefined ? ['-', '-', '-', '-', '-', '-'] : glance(here)),
        status === 'ok' && here?.usable === false ? 'cannot run here' : status,
        ...(flags.full ? [summary, source] : []),
      ]),
    );
    return 0;
  },
});

interface Row {
  readonly name: string;
  readonly version: string;
  readonly summary: string;
  readonly source: string;
  readonly digest?: string;
  /** `ok`, or the code of what is wrong with it. */
  readonly status: string;
  readonly here?: Abilities;
}

const whole = async (context: Context, found: FoundFlavor): Promise<Row> => {
  const {name, version, summary} = found.flavor.declaration;
  const {source, digest} = found;
  try {
    const {abilities} = await examineHere(context, found);
    return {name, version, summary, source, digest, status: 'ok', here: abilities};
  } catch (error) {
    return {...broken({source, error}), name, version, digest};
  }
};

const broken = ({source, error}: {readonly source: string; readonly error: unknown}): Row => {
  const {code, message} = toRktError(error);
  return {name: '-', version: '-', summary: message, source, status: code};
};

const byHere = (a: Abilities | undefined, b: Abilities | undefined): number =>
  a === undefined || b === undefined ? Number(a === undefined) - Number(b === undefined) : byStrength(a, b);

/** The columns of one flavor. */
const glance = ({ownKernel, userIds, pids, network, limits, rootless}: Abilities): string[] => [
  ownKernel ? 'own' : 'host',
  userIds,
  pids,
  network,
  limits.join(',') || 'none',
  rootless ? 'yes' : 'no',
];
