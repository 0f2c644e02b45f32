import {defineCommand} from '../command.ts';
import {type Context, FORMATS, type Output} from '../context.ts';
import {exactly} from '../exactly.ts';
import {type KitReport, loadKit, type Outcome} from '../load-kit.ts';
import {casesOf, testFlavor} from '../test-flavor.ts';

export const command = defineCommand({
  name: 'flavor test',
  summary: 'Try on this host whether a flavor keeps its promises',
  usage: '[flags] FLAVOR|IMAGE',
  description:
    'Runs real pods, from images made of programs of this host, in a data directory of their own that is removed afterwards. It tries every isolator, feature and verb that the flavor declares, from inside and from outside; whether what ' +
    'enters a pod has what the app has; exit statuses and signals; stop, gc and what they leave; hostile images; many pods at once; and rkt being killed. The ID of a case is the requirement of App Container, the class of attacks, or the verb. What the flavor does not declare is not tried, ' +
    'and what this host lacks is skipped. An image of the store that is a flavor itself is tried like any other. Exits with 1 if a case failed.',
  flags: {
    case: {type: 'list', value: 'ID', help: 'only this case, or all below it: EX-48, EX-32/*'},
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: [...FORMATS, 'tap'],
      default: 'text',
      help: 'how results and errors are written; tap: Test Anything Protocol',
    },
    list: {type: 'boolean', help: 'only list what would be tried'},
    match: {type: 'string', value: 'PATTERN', help: 'only cases whose ID or title fits; "*" is anything'},
  },
  examples: [
    {command: 'rkt flavor test fly', does: 'all cases, one a line'},
    {
      command: 'rkt flavor test ./my-flavor --case=EX-48 --case=S35/signals',
      does: 'the cases about capabilities, and one more',
    },
    {
      command: "rkt flavor test fly --match='S35*' --format=tap",
      does: 'one class of attacks, for a program that reads TAP',
    },
    {command: 'rkt flavor test fly --list', does: 'lists the cases without trying them'},
  ],
  async run(context, {flags, positionals}) {
    const [flavor] = exactly(command.name, ['FLAVOR'], positionals);
    const selection = {
      ...(flags.case.length > 0 && {ids: flags.case}),
      ...(flags.match !== undefined && {match: flags.match}),
    };
    if (flags.list) {
      list(context, casesOf(selection));
      return 0;
    }
    const {output, format} = context;
    const isText = format === 'text' && flags.format !== 'tap';
    const {report} = await testFlavor(context, command.name, flavor, {
      ...selection,
      ...(isText && {onOutcome: (outcome: Outcome) => tell(output, outcome)}),
    });
    if (isText) sum(output, report);
    else if (format === 'text') for (const line of loadKit().tap(report)) output.line(line);
    else output.value(report, format);
    return report.failed === 0 ? 0 : 1;
  },
});

const list = ({output, format}: Context, cases: ReturnType<typeof casesOf>): void => {
  const rows = cases.map(({id, title, needs}) => ({id, title, needs}));
  if (format !== 'text') output.value(rows, format);
  else
    output.table(
      ['CASE', 'NEEDS', 'WHAT'],
      rows.map(({id, title, needs}) => [id, needs.join(' '), title]),
    );
};

const COLUMNS = {result: 'not declared'.length + 2, id: 30} as const;

/** A line as soon as a case is over. */
const tell = ({line}: Output, {result, id, title, because = ''}: Outcome): void => {
  const isTold = result === 'not declared' || result === 'skipped';
  const what = isTold ? `${title} (${because})` : title;
  line(`${result.padEnd(COLUMNS.result)}${id.padEnd(COLUMNS.id)} ${what}`, result === 'failed' ? 'red' : undefined);
  if (result === 'failed') for (const text of because.split('\n')) line(`  ${text}`);
};

const sum = ({line}: Output, {flavor, passed, failed, notDeclared, skipped}: KitReport): void => {
  line();
  line(
    `${flavor.name} ${flavor.version}: ${passed} passed, ${failed} failed, ${notDeclared} not declared, ${skipped} skipped`,
    failed === 0 ? 'green' : 'red',
  );
};
