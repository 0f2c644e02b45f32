import {defineCommand} from '../command.ts';
import {completionModel, SHELLS} from '../completion-model.ts';
import {shellUnknown} from '../errors.ts';
import {exactly} from '../exactly.ts';

export const command = defineCommand({
  name: 'completion',
  summary: 'Print a completion script for a shell',
  usage: 'SHELL',
  description: `Prints a script that completes commands, flags, pods and images. SHELL is ${SHELLS.join(', ')}.`,
  flags: {},
  examples: [
    {command: '. <(rkt completion bash)', does: 'completion in this bash'},
    {command: 'rkt completion fish > ~/.config/fish/completions/rkt.fish', does: 'completion in every new fish'},
  ],
  async run({output, format}, {positionals}) {
    const [shell] = exactly(command.name, ['SHELL'], positionals);
    const script = await render(shell);
    if (format === 'text') for (const line of script.trimEnd().split('\n')) output.line(line);
    else output.value({shell, script}, format);
    return 0;
  },
});

const render = async (shell: string): Promise<string> => {
  const {commands, global} = await completionModel();
  switch (shell) {
    case 'bash':
      return (await import('../completion-bash.ts')).bashCompletion(commands, global);
    case 'fish':
      return (await import('../completion-fish.ts')).fishCompletion(commands, global);
    case 'zsh':
      return (await import('../completion-zsh.ts')).zshCompletion(commands, global);
    default:
      throw shellUnknown(shell, SHELLS);
  }
};
