import {loadConfig} from '../../config/load.ts';
import {render} from '../../config/render.ts';
import {findPolicyFiles} from '../../stage1/policy/find-policy-files.ts';
import {loadPolicy} from '../../stage1/policy/load-policy.ts';
import {renderPolicies} from '../../stage1/policy/render-policies.ts';
import {defineCommand} from '../command.ts';
import {exactly} from '../exactly.ts';

export const command = defineCommand({
  name: 'config',
  summary: 'Print the merged configuration',
  usage: '',
  description:
    'Prints the merged configuration files of the system, the administrator and the user, in the form of these files, as JSON ' +
    'below the key "stage0". Below "policies" are the rules that decide which flavor runs a pod, each with its file, the highest layer first. Passwords and tokens are hidden unless asked for.',
  flags: {
    'pretty-print': {type: 'boolean', default: true, help: 'indent the JSON'},
    'show-secrets': {type: 'boolean', help: 'also print passwords, tokens and keys'},
  },
  examples: [
    {command: 'rkt config', does: 'what rkt would use here'},
    {command: 'rkt --user-config=$HOME/.rkt config --format=yaml', does: 'the same with a layer of your own, as YAML'},
  ],
  async run(context, {flags, positionals}) {
    exactly(command.name, [], positionals);
    const {stage0} = render(await loadConfig(context), {showSecrets: flags['show-secrets']});
    const config = {stage0, policies: renderPolicies(await loadPolicy(findPolicyFiles(context)))};
    const json = flags['pretty-print'] ? 'json-pretty' : 'json';
    context.output.value(config, context.format === 'text' ? json : context.format);
    return 0;
  },
});
