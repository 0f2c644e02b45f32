import type {Declaration, Support} from '@rkt/core/contract';
import {table as cases, type Need, untried} from '@rkt/plugin-sdk/kit';

/** Where the promises of a flavor that comes with rkt are tried: a link, as `test/lint/claims.ts` reads it. */
const TRIED: Readonly<Record<string, string>> = {
  fly: '[the kit](test/conformance/kit.test.ts)',
  kvm: '[PO-01](test/kvm/pods.test.ts), [S21](test/kvm/pods.test.ts)',
  nspawn: '[the kit](test/conformance/kit.test.ts)',
};

const LEVELS = ['enforced', 'equivalent', 'unproved', 'not-applicable', 'impossible'] as const;
/** The levels in a word that fits a cell. */
const SHORT = {
  enforced: 'yes',
  equivalent: 'otherwise',
  unproved: 'unproved',
  'not-applicable': '–',
  impossible: 'no',
} as const;

const cell = (text: string): string => text.replaceAll('|', '\\|');
const markdown = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  [header, header.map(() => '---'), ...rows]
    .map((cells) => `|${cells.map((text) => (text === '' ? ' ' : ` ${text} `)).join('|')}|`)
    .join('\n');

/** The maps of a declaration with what a table calls one of their names, in the order of the first flavor's. */
const maps = (declaration: Declaration): readonly (readonly [string, Readonly<Record<string, Support>>])[] => [
  ['isolator', declaration.isolators],
  ['feature', declaration.features],
  ['verb', declaration.verbs],
];

const supports = (declaration: Declaration): Support[] => maps(declaration).flatMap(([, map]) => Object.values(map));

/** One row for each flavor: what it is, how far it isolates, how many promises of each level it makes, and where they are tried. */
export const flavorSummary = (declarations: readonly Declaration[]): string =>
  markdown(
    ['flavor', 'runs', 'isolation', 'enforced', 'by other means', 'refused', 'proved by'],
    declarations.map((declaration) => {
      const {name, summary, properties} = declaration;
      const tried = TRIED[name];
      if (tried === undefined) throw new Error(`no test of the flavor ${name} is named in test/docs/flavor-tables.ts`);
      const count = (level: Support['level']) =>
        String(supports(declaration).filter((support) => support.level === level).length);
      return [
        ...[`[\`${name}\`](flavors/${name})`, cell(summary), properties.join(', ')],
        ...[count('enforced'), count('equivalent'), count('impossible'), tried],
      ];
    }),
  );

/** Every name of the contract: what each flavor says of it, and the cases of the kit that try it. */
export const flavorComparison = (declarations: readonly Declaration[]): string => {
  const [first] = declarations;
  if (first === undefined) throw new Error('there is no flavor');
  const tables = maps(first).map(([title, map], index) =>
    markdown(
      [title, ...declarations.map(({name}) => name), 'tried by'],
      Object.keys(map).map((name) => [
        `\`${name}\``,
        ...declarations.map((declaration) => levelOf(maps(declaration)[index]?.[1][name])),
        triedBy(name as Need),
      ]),
    ),
  );
  return [
    '# What the flavors promise',
    [
      'Written by `npm run docs` from the declarations of the flavors. `yes`: enforced as asked. `otherwise`: enforced by other means. `–`: asking for it changes nothing, and nothing is lost. `no`: refused. By what means, and why not, is in the',
      `README of each (${declarations.map(({name}) => `[${name}](../flavors/${name}/README.md)`).join(', ')}), and in \`rkt flavor show NAME\`. The last column has the cases of the kit that try it; \`rkt flavor test NAME\` tries them here.`,
    ].join('\n'),
    ...tables,
  ]
    .join('\n\n')
    .concat('\n');
};

const levelOf = (support: Support | undefined): string => (support === undefined ? '' : SHORT[support.level]);

/** The cases that are about a name, `S34/dev-file` and its like as one; or why there is none. */
const triedBy = (name: Need): string => {
  const all = cases.filter(({needs}) => needs.includes(name)).map(({id}) => id);
  if (all.length === 0) return `nothing: ${untried[name] ?? ''}`;
  // What every pod needs is tried by nearly all of them.
  if (all.length > MANY) return `${all.length} cases, of ${[...new Set(all.map((id) => id.split('/')[0]))].join(', ')}`;
  return all.map((id) => `\`${id}\``).join(', ');
};
const MANY = 8;

/** What one flavor says of every name, by level: the section of its README. */
export const declarationTable = (declaration: Declaration): string => {
  const rows = maps(declaration).flatMap(([, map]) => Object.entries(map));
  const sections = LEVELS.flatMap((level) => {
    const of = rows.filter(([, support]) => support.level === level);
    return of.length === 0
      ? []
      : [
          `### ${TITLES[level]}`,
          markdown(
            HEADERS[level],
            of.map(([name, support]) => rowOf(name, support)),
          ),
        ];
  });
  const {name, version, contract, properties, liveness} = declaration;
  return [
    `\`${name}\` ${version}, written for contract ${contract}. Isolation: ${properties.join(', ')}. A pod runs as long as ${liveness === 'cgroup' ? 'its cgroup has processes' : 'the launched program keeps its lock'}. What tries each promise is in [the comparison](../README.md).`,
    ...sections,
  ].join('\n\n');
};

const TITLES = {
  enforced: 'Enforced as asked',
  equivalent: 'By other means',
  unproved: 'On its word alone',
  'not-applicable': 'Changes nothing here',
  impossible: 'Refused',
} as const;
const HEADERS = {
  enforced: ['asked for', 'mechanism', 'the host must have', 'read back from'],
  equivalent: ['asked for', 'mechanism, and what is different', 'the host must have', 'read back from'],
  unproved: ['asked for', 'mechanism, and what is not proved'],
  'not-applicable': ['asked for', 'why'],
  impossible: ['asked for', 'why'],
} as const;

const rowOf = (name: string, support: Support): string[] => {
  const title = `\`${name}\``;
  switch (support.level) {
    case 'not-applicable':
    case 'impossible':
      return [title, cell(support.consequence)];
    case 'unproved':
      return [title, cell(`${support.mechanism}; ${support.consequence}`)];
    case 'enforced':
    case 'equivalent': {
      const how = [support.mechanism, ...(support.level === 'equivalent' ? [support.consequence] : [])].join('; ');
      const requires = (support.requires ?? []).map((what) => `\`${what}\``).join(', ');
      return [title, cell(how), requires, readFrom(support.readBack)];
    }
  }
};

const readFrom = (readBack: (Support & {level: 'enforced'})['readBack']): string => {
  if (readBack === undefined) return '';
  switch (readBack.from) {
    case 'status':
      return `${readBack.field} of /proc/PID/status`;
    case 'cgroup':
      return `${readBack.limit} of the cgroup`;
    case 'namespace':
      return `/proc/PID/ns/${readBack.kind}`;
    case 'devices':
      return 'the devices of the cgroup';
    case 'label':
      return '/proc/PID/attr/current';
    case 'limits':
      return '/proc/PID/limits';
    case 'mountinfo':
      return '/proc/PID/mountinfo';
    case 'oom-score-adj':
      return '/proc/PID/oom_score_adj';
    default:
      return readBack satisfies never;
  }
};
