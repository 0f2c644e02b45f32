import path from 'node:path';
import {newFlavor} from '../../stage1/load/new-flavor.ts';
import {defineCommand} from '../command.ts';
import {exactly} from '../exactly.ts';

export const command = defineCommand({
  name: 'flavor new',
  summary: 'Make the package of a new flavor',
  usage: 'NAME',
  description:
    'Makes the directory NAME with a flavor in TypeScript that already runs pods, for you to change. --stage1=./NAME uses it. The README of @rkt/plugin-sdk goes on from there.',
  flags: {},
  examples: [{command: 'rkt flavor new mine', does: 'makes ./mine; rkt run --stage1=./mine IMAGE runs a pod with it'}],
  async run(context, {positionals}) {
    const {output, format} = context;
    const [name] = exactly(command.name, ['NAME'], positionals);
    const directory = newFlavor(name, process.cwd());
    if (format === 'text') output.line(`./${path.basename(directory)}`);
    else output.value({name, directory}, format);
    return 0;
  },
});
