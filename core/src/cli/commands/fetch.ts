import type {HostPath, ImageId} from '../../contract/names.ts';
import {fetchImage} from '../../image/fetch.ts';
import {openStore} from '../../image/store.ts';
import {asRoot} from '../as-root.ts';
import type {ImageGroup} from '../command.ts';
import {defineCommand, type FlagValues} from '../command.ts';
import type {Context} from '../context.ts';
import {flagConflict} from '../errors.ts';
import {shortId, someImages} from '../image-argument.ts';

const PULL_POLICIES = ['never', 'new', 'update'] as const;
type PullPolicy = (typeof PULL_POLICIES)[number];

const flags = {
  full: {type: 'boolean', help: 'print whole image IDs'},
  'no-store': {type: 'boolean', hidden: true, help: 'the same as --pull-policy=update'},
  'pull-policy': {
    type: 'string',
    value: 'POLICY',
    choices: PULL_POLICIES,
    default: 'update',
    help: 'when to look for an image outside the store',
  },
  signature: {
    type: 'string',
    value: 'FILE',
    perImage: true,
    help: 'as in rkt; refused, because signatures are not checked yet',
  },
  'store-only': {type: 'boolean', hidden: true, help: 'the same as --pull-policy=never'},
} as const;

export const command = defineCommand({
  name: 'fetch',
  summary: 'Take images into the store',
  usage: '[flags] IMAGE [--signature=FILE] [IMAGE…]',
  description:
    'Takes images into the store and prints their IDs. An IMAGE is a file, or an ID or a name that is in the store already. ' +
    'Images are unpacked, checked and hashed in one pass; nothing is kept of one that is refused.',
  flags,
  imageGrammar: true,
  examples: [
    {command: 'rkt --insecure-options=image fetch ./web.aci', does: 'takes a file that has no signature'},
    {command: 'rkt fetch --full example.com/web:1.0', does: 'prints the whole ID of an image of the store'},
  ],
  run: (context, {flags: given, images}) => run(context, given, images),
});

type Given = FlagValues<typeof flags>;

const run = async (context: Context, given: Given, images: readonly ImageGroup[]): Promise<number> => {
  asRoot(context, 'fetch');
  if (given['store-only'] && given['no-store']) throw flagConflict('--store-only', '--no-store');
  someImages(
    'fetch',
    images.map(({image}) => image),
  );
  // One of PULL_POLICIES: the parser has seen to it.
  const asked = given['pull-policy'] as PullPolicy;
  const pullPolicy: PullPolicy = given['store-only'] ? 'never' : given['no-store'] ? 'update' : asked;
  const store = openStore(context.dataDir);
  const ids: ImageId[] = [];
  for (const {image, given: own} of images) {
    const signature = own.get('signature')?.at(-1) as HostPath | undefined;
    const id = await fetchImage(store, image, {pullPolicy, insecure: context.insecure, signature});
    ids.push(id);
    if (context.format === 'text') context.output.line(given.full ? id : shortId(id));
  }
  if (context.format !== 'text')
    context.output.value(
      ids.map((id) => ({id})),
      context.format,
    );
  return 0;
};
