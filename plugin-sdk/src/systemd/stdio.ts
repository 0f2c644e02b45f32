import type {App} from '@rkt/core/contract';
import {pathSetting} from './encode.ts';
import {streamRefused} from './errors.ts';
import type {Stream, UnitOptions} from './options.ts';
import type {Setting} from './unit.ts';

/** Standard input, output and error. A service of systemd has one terminal. */
export const stdioSettings = (app: App, options: UnitOptions): Setting[] => {
  const {stdin, stdout, stderr} = options.stdio(app);
  const terminals = [
    ...new Set([stdin, stdout, stderr].flatMap((stream) => (stream.kind === 'terminal' ? stream.path : []))),
  ];
  const [terminal] = terminals;
  if (terminals.length > 1) throw streamRefused(app.name, 'TTYPath', `two terminals: ${terminals.join(', ')}`);
  const journal = stdout.kind === 'journal' || stderr.kind === 'journal';
  return [
    ['StandardInput', input(app, stdin)],
    ['StandardOutput', output(app, 'StandardOutput', stdout)],
    ['StandardError', output(app, 'StandardError', stderr)],
    ...(terminal === undefined ? [] : [['TTYPath', pathSetting(terminal, `app "${app.name}": TTYPath`)] as const]),
    ...(journal ? journalSettings(app, stdout.kind === 'journal') : []),
  ];
};

/**
 * What identifies a line in the journal: the app by its name, and standard error by the priority `err`, standard output by `info`. systemd has one of these
 * for both streams: if both go there, they cannot be told apart. No line says which priority it has, because lines stay as they are.
 */
const journalSettings = (app: App, isOutput: boolean): Setting[] => [
  ['SyslogIdentifier', app.name],
  ['SyslogLevel', isOutput ? 'info' : 'err'],
  ['SyslogLevelPrefix', 'no'],
];

const input = (app: App, stream: Stream): string => {
  switch (stream.kind) {
    case 'null':
      return 'null';
    case 'file':
      return `file:${pathSetting(stream.path, `app "${app.name}": StandardInput`)}`;
    case 'terminal':
      // The controlling terminal of the app, whoever had it before.
      return 'tty-force';
    case 'append':
    case 'journal':
      throw streamRefused(app.name, 'StandardInput', `nothing can be read from "${stream.kind}"`);
  }
};

const output = (app: App, name: string, stream: Stream): string => {
  switch (stream.kind) {
    case 'null':
      return 'null';
    case 'append':
    case 'file':
      return `${stream.kind}:${pathSetting(stream.path, `app "${app.name}": ${name}`)}`;
    case 'terminal':
      return 'tty';
    case 'journal':
      return 'journal';
  }
};
