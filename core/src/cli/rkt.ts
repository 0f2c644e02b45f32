import process from 'node:process';
import {enableDebug} from '../debug.ts';
import {closeOnExec} from '../linux/fd-flags.ts';
import {RktError} from '../rkt-error.ts';
import type {Command} from './command.ts';
import {FORMATS, type Format} from './context.ts';
import {flagChoiceInvalid} from './errors.ts';
import {globalFlags} from './globals.ts';
import {makeContext} from './make-context.ts';
import {makeOutput} from './output.ts';
import {parse} from './parse.ts';
import {reportError, type Telling} from './report-error.ts';
import {split} from './split.ts';

/**
 * The `rkt` command.
 * @param argv what follows `rkt`
 * @returns the exit code, unless the process was replaced by a pod
 */
export const rkt = async (argv: readonly string[]): Promise<number> => {
  const how: How = {format: guessFormat(argv), debug: argv.includes('--debug'), command: ''};
  try {
    const errorFd = findErrorFd(argv);
    if (errorFd !== undefined) how.errorFd = errorFd;
    return await dispatch(argv, how);
  } catch (error) {
    const code = reportError(error, how);
    if (how.format === 'text') await helpInstead(error);
    return code;
  }
};

/** Filled in while the line is parsed, so that an error is told as asked for. */
type How = {-readonly [K in keyof Telling]: Telling[K]};

const dispatch = async (argv: readonly string[], how: How): Promise<number> => {
  const typed = await split(argv);
  if ('help' in typed) return showHelp(typed.help);
  const {found, before, after} = typed;
  how.command = found.name;
  const {command} = await found.entry.load();
  const flags = {...globalFlags, ...command.flags};
  const args = parse(command, flags, [...before, ...after]);
  if (args.flags.help) return showHelp(found.name === 'help' ? args.positionals.join(' ') : found.name);
  how.debug = args.flags.debug;
  how.format = formatOf(command, args.flags.format);
  if (how.debug || process.env.DEBUG) await enableDebug(how.debug);
  const output = makeOutput(how.format === 'yaml' ? (await import('./yaml.ts')).toYaml : undefined);
  const context = await makeContext(args.flags, how.format, output, found.name);
  const {cpuprofile, memprofile} = args.flags;
  if (cpuprofile === undefined && memprofile === undefined) return command.run(context, args);
  const writeProfile = (await import('./profile.ts')).startProfile(cpuprofile, memprofile);
  try {
    return await command.run(context, args);
  } finally {
    writeProfile();
  }
};

/** Only as the very first, so that nothing has to be parsed to tell an error. `execve` closes it: who reads there sees that rkt is no more. */
const findErrorFd = ([first = '']: readonly string[]): number | undefined => {
  const [, digits] = /^--error-fd=(\d{1,4})$/.exec(first) ?? [];
  if (digits === undefined) return undefined;
  closeOnExec(Number(digits));
  return Number(digits);
};

const showHelp = async (topic: string): Promise<number> => {
  const {help} = await import('./help.ts');
  await help(topic, makeOutput());
  return 0;
};

/** Who typed no command wants to know which there are, as in rkt. Standard output is for results. */
const helpInstead = async (error: unknown): Promise<void> => {
  if (!(error instanceof RktError) || error.code !== 'RKT_COMMAND_MISSING') return;
  const {help} = await import('./help.ts');
  const output = makeOutput();
  output.note('');
  await help(String(error.fields.group), {...output, line: (text = '') => output.note(text)});
};

const isFormat = (value: string): value is Format => (FORMATS as readonly string[]).includes(value);

/** A command may have a `--format` of its own, with fewer choices or with more, which are text to all others; rkt's empty one is text. */
const formatOf = ({name, flags}: Command, value: string | undefined): Format => {
  const format = value ?? '';
  if (format === '' || flags.format?.choices?.includes(format)) return isFormat(format) ? format : 'text';
  if (!isFormat(format)) throw flagChoiceInvalid(name, 'format', format, FORMATS);
  return format;
};

/** For errors of the parser itself: what `--format` says, were it parsed. */
const guessFormat = (argv: readonly string[]): Format => {
  const end = argv.indexOf('--');
  const ours = end === -1 ? argv : argv.slice(0, end);
  const index = ours.findLastIndex((argument) => argument === '--format' || argument.startsWith('--format='));
  const value = ours[index] === '--format' ? ours[index + 1] : ours[index]?.slice('--format='.length);
  return value !== undefined && isFormat(value) ? value : 'text';
};
