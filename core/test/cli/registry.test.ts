import test from 'ava';
import type {Command} from '../../src/cli/command.ts';
import {commands, GROUPS} from '../../src/cli/commands.ts';
import {globalFlags} from '../../src/cli/globals.ts';
import {commandHelp} from '../../src/cli/help.ts';
import {parse} from '../../src/cli/parse.ts';
import {split} from '../../src/cli/split.ts';

for (const [name, entry] of Object.entries(commands)) {
  const load = async (): Promise<Command> => (await entry.load()).command;

  test(`${name}: the table and the command agree`, async (t) => {
    const command = await load();
    t.is(command.name, name);
    t.is(command.summary, entry.summary);
    t.true(Object.hasOwn(GROUPS, entry.group));
  });

  test(`${name}: a summary is one line that begins with a capital and has no full stop`, (t) => {
    t.regex(entry.summary, /^[A-Z][^\n]*[^.\n]$/);
  });

  test(`${name}: help has an example that is this command and parses`, async (t) => {
    const command = await load();
    t.true(command.examples.length > 0);
    const lines = commandHelp(command);
    t.true(lines.includes('EXAMPLES:'));
    // A hidden one may be another name of a command that is not.
    t.true(entry.hidden || command.examples.some((example) => ` ${example.command} `.includes(` ${name} `)));
    t.true(lines.every((line) => line.length <= 130));
    for (const {command: example} of command.examples) {
      // What needs a shell is left out.
      if (!example.startsWith('rkt ') || /[<>|$]/.test(example)) continue;
      const typed = await split(example.split(' ').slice(1));
      if ('help' in typed) continue;
      t.notThrows(() => parse(command, {...globalFlags, ...command.flags}, [...typed.before, ...typed.after]), example);
    }
  });

  test(`${name}: --help and --format are understood`, async (t) => {
    const command = await load();
    const flags = {...globalFlags, ...command.flags};
    const {flags: values} = parse(command, flags, ['--help', '--format=json']);
    t.true(values.help);
    t.is(values.format as unknown, 'json');
  });

  test(`${name}: flags are well-formed`, async (t) => {
    const {flags} = await load();
    t.is(typeof flags, 'object');
    for (const [flag, {type, help, short, choices, default: byDefault, implied}] of Object.entries(flags)) {
      t.regex(flag, /^[a-z0-9]+(-[a-z0-9]+)*$/, flag);
      t.true(help.length > 0 && !help.endsWith('.') && !help.includes('\n'), flag);
      t.true(short === undefined || /^[a-zA-Z]$/.test(short), flag);
      t.is(type === 'optional', implied !== undefined, `${flag}: an optional value has an implied one`);
      t.true(typeof byDefault !== 'string' || choices === undefined || choices.includes(byDefault), flag);
      t.true(flag === 'format' || !Object.hasOwn(globalFlags, flag), `${flag} is a global flag`);
    }
  });
}

test('names of commands are one or two words', (t) => {
  for (const name of Object.keys(commands)) t.regex(name, /^(__)?[a-z]+(-[a-z]+)*( [a-z]+(-[a-z]+)*)?$/);
});
