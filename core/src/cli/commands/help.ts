import {defineCommand} from '../command.ts';
import {help} from '../help.ts';

export const command = defineCommand({
  name: 'help',
  summary: 'Show help for rkt or for one command',
  usage: '[COMMAND]',
  flags: {},
  examples: [
    {command: 'rkt help run', does: 'everything about run, with all its flags'},
    {command: 'rkt help image', does: 'the commands for images'},
  ],
  async run({output}, {positionals}) {
    await help(positionals.join(' '), output);
    return 0;
  },
});
