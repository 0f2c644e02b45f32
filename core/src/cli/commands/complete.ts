import {existsSync} from 'node:fs';
import {defineCommand} from '../command.ts';
import type {Context} from '../context.ts';
import {argumentMissing} from '../errors.ts';
import {FITTING, type Fitting, isFitting} from '../fitting-pods.ts';

const WHAT = ['images', 'flavors', ...Object.keys(FITTING)].join('|');

/** What completion scripts ask for: one word a line, nothing where nothing can be read. */
export const command = defineCommand({
  name: '__complete',
  summary: 'Print what may stand in a place, for completion scripts',
  usage: WHAT,
  flags: {},
  examples: [{command: 'rkt __complete pods', does: 'the names and UUIDs of all pods'}],
  async run(context, {positionals}) {
    const [what] = positionals;
    if (what === undefined) throw argumentMissing(command.name, WHAT);
    const words = (await find(what, context)).filter((word) => PLAIN.test(word));
    if (context.format !== 'text') context.output.value(words, context.format);
    else for (const word of words) context.output.line(word);
    return 0;
  },
});

/** What every shell takes as it is. What a stranger has in the version of an image, a shell would run (S15). */
const PLAIN = /^[\w.+:@%/][\w.+:@%/~=-]*$/;

const find = async (what: string, context: Context): Promise<string[]> => {
  // A broken configuration is told; what cannot be read is not.
  const {dataDir} = context;
  try {
    if (isFitting(what)) return await pods(dataDir, FITTING[what]);
    if (what === 'images') return await images(dataDir);
    return what === 'flavors' ? await flavors(context) : [];
  } catch {
    return [];
  }
};

/** Names first: they are what a person types. */
const pods = async (dataDir: Context['dataDir'], fits: Fitting): Promise<string[]> => {
  const {listPods} = await import('../../pod/state/list.ts');
  const found = listPods(dataDir).filter(({state}) => fits(state));
  return [
    ...found.flatMap(({summary}) => summary?.podName ?? []).sort(),
    ...found.map(({uuid}) => uuid as string).sort(),
  ];
};

const images = async (dataDir: Context['dataDir']): Promise<string[]> => {
  const [{openStore}, {listIndex}, {imageIds}] = await Promise.all([
    import('../../image/store.ts'),
    import('../../image/image-index.ts'),
    import('../../image/image-ids.ts'),
  ]);
  const store = openStore(dataDir);
  // To look at it would make it.
  const rows = existsSync(store.index) ? listIndex(store) : [];
  const names = rows.map(({name, labels: {version}}) =>
    version !== undefined && PLAIN.test(version) ? `${name}:${version}` : name,
  );
  return [...new Set(names.sort()), ...imageIds(store).sort()];
};

const flavors = async (context: Context): Promise<string[]> => {
  const [{eachFlavor}, {flavorOptions}] = await Promise.all([
    import('../../stage1/load/find.ts'),
    import('../../stage1/choice/flavor-options.ts'),
  ]);
  const names = await eachFlavor(await flavorOptions(context, false), (each) =>
    'flavor' in each ? [each.flavor.declaration.name] : [],
  );
  return names.flat();
};
