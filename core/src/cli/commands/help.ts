import {defineCommand} from '../command.ts';
import {help} from '../help.ts';

export const command = defineCommand({
  name: 'help',
  summary: 'Show help for rkt, for one command or for the code of an error',
  usage: '[COMMAND | CODE]',
  flags: {},
  examples: [
    {command: 'rkt help run', does: 'everything about run, with all its flags'},
    {command: 'rkt help image', does: 'the commands for images'},
    {command: 'rkt help RKT_IMAGE_UNSIGNED', does: 'what an error means, and what to do about it'},
  ],
  async run({output}, {positionals}) {
    const [first = '', ...more] = positionals;
    if (/^RKT_/i.test(first) && more.length === 0) {
      const {errorPage} = await import('../error-page.ts');
      for (const line of errorPage(first.toUpperCase())) output.line(line);
      return 0;
    }
    await help(positionals.join(' '), output);
    return 0;
  },
});
