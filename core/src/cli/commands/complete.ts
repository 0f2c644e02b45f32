import {readdirSync} from 'node:fs';
import path from 'node:path';
import {defineCommand} from '../command.ts';
import {argumentMissing} from '../errors.ts';

const STATES = ['prepared', 'run', 'exited-garbage'];

/** What completion scripts ask for: one word a line, nothing where nothing can be read. */
export const command = defineCommand({
  name: '__complete',
  summary: 'Print what may stand in a place, for completion scripts',
  usage: 'pods|images|flavors',
  hidden: true,
  flags: {},
  examples: [{command: 'rkt __complete pods', does: 'the UUIDs of all pods'}],
  async run(context, {positionals}) {
    const [what] = positionals;
    if (what === undefined) throw argumentMissing(command.name, 'pods|images|flavors');
    const words = await find(what, context.dataDir, async () => {
      const [{listFlavors}, {flavorOptions}] = await Promise.all([
        import('../../stage1/load/find.ts'),
        import('../../stage1/choice/flavor-options.ts'),
      ]);
      return (await listFlavors(await flavorOptions(context))).flatMap((found) =>
        'flavor' in found ? [found.flavor.declaration.name] : [],
      );
    });
    if (context.format !== 'text') context.output.value(words, context.format);
    else for (const word of words) context.output.line(word);
    return 0;
  },
});

const find = async (what: string, dataDir: string, flavors: () => Promise<string[]>): Promise<string[]> => {
  switch (what) {
    case 'pods':
      return STATES.flatMap((state) => names(path.join(dataDir, 'pods', state)));
    case 'images':
      return names(path.join(dataDir, 'cas', 'images'));
    case 'flavors':
      return flavors();
    default:
      return [];
  }
};

const names = (directory: string): string[] => {
  try {
    return readdirSync(directory).sort();
  } catch {
    // Completion says nothing rather than complaining.
    return [];
  }
};
