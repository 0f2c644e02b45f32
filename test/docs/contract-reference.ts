import type {Arm, Exported, Member} from './surface.ts';

/** The chapter of the sets whose names have comments: the names of other types may be the same, as `user` of `JoinableKind`. */
const DECLARED = 'What can be declared';

/** The chapters, and the types of each in this order; a type that none of them has is in the last. */
const CHAPTERS: readonly {readonly title: string; readonly about: string; readonly types: readonly string[]}[] = [
  {
    title: 'A flavor',
    about:
      'The default export of a package is a `Flavor`; `defineFlavor` makes one. Hooks are pure: they get a frozen pod and the facts of the host, and return data.',
    types: [
      'Flavor',
      'Declaration',
      'Support',
      'SupportLevel',
      'HostRequirement',
      'ReadBack',
      'GuestSystem',
      'Finding',
    ],
  },
  {
    title: DECLARED,
    about: 'A declaration says something of every one of these names.',
    types: ['IsolatorMap', 'Feature', 'Verb', 'Property'],
  },
  {
    title: 'What a flavor gets',
    about: '',
    types: [
      ...[
        'Pod',
        'App',
        'Process',
        'Rootfs',
        'Volume',
        'Mount',
        'Port',
        'CgroupLimits',
        'SeccompFilter',
        'SeccompAction',
        'SeccompArgument',
      ],
      ...[
        'Capability',
        'RlimitName',
        'DeviceRule',
        'Isolators',
        'HostFacts',
        'PassedSocket',
        'RunningPod',
        'ProcessIdentity',
      ],
    ],
  },
  {
    title: 'What a flavor makes',
    about:
      '`filesystem` and `environment` return steps, `launch` and `enter` a launch, `stop` steps of its own kind, `appProcess` a place.',
    types: [
      'Step',
      'StepKind',
      'Location',
      'MountFlag',
      'NamespaceKind',
      'JoinableKind',
      'Launch',
      'Redirection',
      'AppPlace',
      'StopStep',
      'Stage',
    ],
  },
  {title: 'What rkt makes of it', about: '', types: ['Plan', 'EnforcementReport', 'ReportEntry']},
];

const REST = {title: 'Names and paths', about: 'Strings that have been parsed, each of a type of its own.'};

/** The contract as an author reads it. @param names comments on the names of sets, as `Feature`, by their name */
export const contractReference = (
  version: string,
  surface: readonly Exported[],
  names: Readonly<Record<string, string>>,
): string => {
  const types = new Map(surface.flatMap((one) => (one.kind === 'type' ? [[one.name, one] as const] : [])));
  // What a type is for is mostly said of its schema.
  const docs = new Map(
    surface.flatMap(({shape, doc}) =>
      'text' in shape && shape.text.startsWith('schema of ') && doc !== ''
        ? [[shape.text.slice('schema of '.length), doc] as const]
        : [],
    ),
  );
  const named = new Set(CHAPTERS.flatMap((chapter) => chapter.types));
  const chapters = [...CHAPTERS, {...REST, types: [...types.keys()].filter((name) => !named.has(name))}];
  return [
    '# The stage contract',
    `Version ${version}. Written by \`npm run docs\` from the types of \`@rkt/core/contract\`, which \`@rkt/plugin-sdk\` hands on: change those, not this. [README.md](README.md) is where to start.`,
    '`name?` may be absent; `[]` is each of a list. The schemas are in `@rkt/core/contract`, JSON Schemas in `@rkt/core/schema/`.',
    ...chapters.flatMap(({title, about, types: list}) => [
      `## ${title}`,
      ...(about === '' ? [] : [about]),
      ...list.flatMap((name) => {
        const type = types.get(name);
        if (type === undefined) throw new Error(`the contract has no type ${name}`);
        return section(type, type.doc === '' ? (docs.get(name) ?? '') : type.doc, title === DECLARED ? names : {});
      }),
    ]),
  ]
    .join('\n\n')
    .concat('\n');
};

const section = ({name, shape}: Exported, doc: string, names: Readonly<Record<string, string>>): string[] => [
  `### ${name}`,
  ...(doc === '' ? [] : [escaped(doc)]),
  ...('text' in shape ? [setOrText(shape.text, names)] : shape.arms.flatMap(armOf)),
];

/** A set of names is a table where something is said of them. */
const setOrText = (text: string, names: Readonly<Record<string, string>>): string => {
  const members = text.split(' | ');
  const words = members.map((member) => member.replaceAll('"', ''));
  if (!words.some((word) => names[word] !== undefined))
    return `${members.map((member) => `\`${cell(member)}\``).join(' · ')}`;
  return table(
    ['name', 'what'],
    words.map((word) => [`\`${word}\``, escaped(names[word] ?? '')]),
  );
};

const armOf = ({told, doc, members}: Arm): string[] => [
  ...(told === '' ? [] : [`**\`${told}\`**${doc === '' ? '' : `: ${escaped(doc)}`}`]),
  ...(members.length === 0
    ? []
    : [
        table(
          ['name', 'type', 'what'],
          members.filter((member) => !told.split(', ').includes(`${member.path}: ${member.type}`)).map(row),
        ),
      ]),
];

const row = ({path, type, doc}: Member): string[] => [
  `\`${path}\``,
  type === 'object' ? '' : `\`${cell(type)}\``,
  escaped(doc),
];

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('`', "'");
const escaped = (text: string): string => text.replaceAll('|', '\\|');

const table = (header: readonly string[], rows: readonly (readonly string[])[]): string =>
  rows.length === 0
    ? ''
    : [header, header.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
