import type {Command, Flag, Flags} from './command.ts';
import {commands, GROUPS} from './commands.ts';
import type {Output} from './context.ts';
import {findCommand} from './find-command.ts';
import {globalFlags} from './globals.ts';
import {wrap} from './wrap.ts';

const WIDTH = 110;
const UUIDS = "For UUID you can give the beginning of one, or the pod's name (run --pod-name).";
const SUMMARY = 'run pods of app containers, without a daemon';

/** Writes help on rkt (`''`), on a group of commands (`image`) or on a command. */
export const help = async (topic: string, output: Output): Promise<void> => {
  const words = topic.split(' ').filter((word) => word !== '');
  const group = words.length > 0 ? namesOf(`${words.join(' ')} `) : [];
  if (words.length === 0) return write(output, overview());
  if (group.length > 0) return write(output, groupHelp(words.join(' '), group));
  const {entry} = await findCommand(() => words.shift());
  const {command} = await entry.load();
  write(output, commandHelp(command));
};

/** Lines of help; headings end the way NAME: does. */
const write = (output: Output, lines: readonly string[]): void => {
  for (const line of lines) output.line(line, /^[A-Z][A-Z ]+:$/.test(line) ? 'bold' : undefined);
};

const namesOf = (prefix: string): string[] =>
  Object.entries(commands).flatMap(([name, {hidden}]) => (hidden || !name.startsWith(prefix) ? [] : [name]));

const overview = (): string[] => [
  'NAME:',
  `  rkt - ${SUMMARY}`,
  '',
  'USAGE:',
  '  rkt [GLOBAL OPTIONS] COMMAND [OPTIONS] [ARGUMENTS]',
  '',
  ...Object.entries(GROUPS).flatMap(([group, title]) => {
    const names = namesOf('').filter((name) => commands[name]?.group === group);
    return names.length === 0 ? [] : [`${title.toUpperCase()}:`, ...list(names), ''];
  }),
  'GLOBAL OPTIONS:',
  ...flagLines(globalFlags),
  '',
  'Commands may be shortened as long as they are unambiguous: "rkt im li". See "rkt help COMMAND" for more.',
];

const groupHelp = (group: string, names: readonly string[]): string[] => [
  'USAGE:',
  `  rkt ${group} COMMAND [OPTIONS] [ARGUMENTS]`,
  '',
  'COMMANDS:',
  ...list(names),
  '',
  `See "rkt help ${group} COMMAND" for more.`,
];

const list = (names: readonly string[]): string[] =>
  columns(names.map((name) => [name, commands[name]?.summary ?? '']));

/** The lines of a command's help. */
export const commandHelp = ({name, summary, usage, description, flags, examples}: Command): string[] => {
  const own = Object.fromEntries(Object.entries(flags).filter(([, {perImage}]) => !perImage));
  const perImage = Object.fromEntries(Object.entries(flags).filter(([, flag]) => flag.perImage));
  return [
    'NAME:',
    `  rkt ${name} - ${summary}`,
    '',
    'USAGE:',
    ...wrap(`rkt ${name} ${usage}`.trimEnd(), WIDTH - 2).map((line) => `  ${line}`),
    ...(/\bUUID\b/.test(usage) ? ['', `  ${UUIDS}`] : []),
    ...section('DESCRIPTION:', paragraphs(description ?? '')),
    ...section(
      'EXAMPLES:',
      examples.flatMap(({command, does}) => [`  ${command}`, `      ${does}`]),
    ),
    ...section('OPTIONS:', flagLines(own)),
    ...section('OPTIONS OF EACH IMAGE:', flagLines(perImage)),
    ...section('GLOBAL OPTIONS:', flagLines(without(globalFlags, flags))),
  ];
};

const section = (heading: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : ['', heading, ...lines];

const without = (flags: Flags, others: Flags): Flags =>
  Object.fromEntries(Object.entries(flags).filter(([name]) => !Object.hasOwn(others, name)));

const paragraphs = (text: string): string[] =>
  text
    .split(/\n{2,}/)
    .filter((paragraph) => paragraph.trim() !== '')
    .flatMap((paragraph, index) => [
      ...(index === 0 ? [] : ['']),
      ...wrap(paragraph.replace(/\s+/g, ' ').trim(), WIDTH - 2).map((line) => `  ${line}`),
    ]);

const flagLines = (flags: Flags): string[] =>
  columns(
    Object.entries(flags)
      .filter(([, {hidden}]) => !hidden)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, flag]) => [synopsis(name, flag), flag.help + about(flag)]),
  );

const synopsis = (name: string, {type, value = 'VALUE', short}: Flag): string => {
  const long = `${short === undefined ? '' : `-${short}, `}--${name}`;
  if (type === 'boolean') return long;
  return type === 'optional' ? `${long}[=${value}]` : `${long}=${value}`;
};

/** Choices, default and the like, unless the sentence says it. */
const about = ({choices, default: byDefault, type, implied}: Flag): string => {
  const facts = [
    ...(choices === undefined ? [] : [`one of ${choices.map((choice) => choice || '""').join(', ')}`]),
    ...(implied === undefined || implied === 'true' ? [] : [`without value: ${implied}`]),
    ...(byDefault === undefined || byDefault === false || byDefault === '' ? [] : [`default ${byDefault}`]),
    ...(type === 'list' ? ['may be repeated'] : []),
  ];
  return facts.length === 0 ? '' : ` (${facts.join('; ')})`;
};

const columns = (rows: readonly (readonly [string, string])[]): string[] => {
  const width = Math.min(32, Math.max(0, ...rows.map(([left]) => left.length)));
  return rows.flatMap(([left, right]) => {
    const [first = '', ...more] = wrap(right, WIDTH - width - 4);
    const indent = ' '.repeat(width + 4);
    return left.length > width
      ? [`  ${left}`, `${indent}${first}`, ...more.map((line) => indent + line)]
      : [`  ${left.padEnd(width)}  ${first}`, ...more.map((line) => indent + line)];
  });
};
