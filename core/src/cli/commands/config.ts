import {loadConfig} from '../../config/load.ts';
import {render} from '../../config/render.ts';
import {defineCommand} from '../command.ts';
import {exactly} from '../image-argument.ts';

export const command = defineCommand({
  name: 'config',
  summary: 'Print the merged configuration',
  usage: '',
  description:
    'Prints what the configuration files of the system, the administrator and the user come to, in the form of these files, as JSON ' +
    'below the key "stage0". Passwords and tokens are hidden unless asked for.',
  flags: {
    'pretty-print': {type: 'boolean', default: true, help: 'indent the JSON'},
    'show-secrets': {type: 'boolean', help: 'print passwords, tokens and keys too'},
  },
  examples: [
    {command: 'rkt config', does: 'what rkt would use here'},
    {command: 'rkt --user-config=$HOME/.rkt config --format=yaml', does: 'the same with a layer of your own, as YAML'},
  ],
  async run(context, {flags, positionals}) {
    exactly(command.name, [], positionals);
    const config = render(await loadConfig(context), {showSecrets: flags['show-secrets']});
    const json = flags['pretty-print'] ? 'json-pretty' : 'json';
    context.output.value(config, context.format === 'text' ? json : context.format);
    return 0;
  },
});
