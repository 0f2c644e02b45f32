import test from 'ava';
import type {Flags} from '../../src/cli/command.ts';
import {parse} from '../../src/cli/parse.ts';

const flags = {
  net: {type: 'string', help: ''},
  quiet: {type: 'boolean', help: ''},
  exec: {type: 'string', perImage: true, help: ''},
  mount: {type: 'list', perImage: true, help: ''},
} as const satisfies Flags;

const run = (line: string) => {
  const parsed = parse({name: 'run', imageGrammar: true}, flags, line.split(' '));
  return {
    ...parsed,
    images: parsed.images.map(({image, given, args}) => ({image, given: Object.fromEntries(given), args})),
  };
};
const bare = (image: string, args: string[] = []) => ({image, given: {}, args});

// The first four are rkt's own.
for (const [line, images] of [
  ['foo bar -- --help --- baz -- --verbose', [bare('foo'), bare('bar', ['--help']), bare('baz', ['--verbose'])]],
  ['foo --- bar --- baz ---', [bare('foo'), bare('bar'), bare('baz')]],
  ['foo bar baz', [bare('foo'), bare('bar'), bare('baz')]],
  ['foo', [bare('foo')]],
  [
    'foo --exec a bar --exec=b',
    [
      {...bare('foo'), given: {exec: ['a']}},
      {...bare('bar'), given: {exec: ['b']}},
    ],
  ],
  ['foo -- a -- b', [bare('foo', ['a', '--', 'b'])]],
  ['foo --', [bare('foo')]],
  ['foo -- --- bar', [bare('foo'), bare('bar')]],
  ['foo --exec -- --quiet', [{...bare('foo'), given: {exec: ['--']}}]],
] as const)
  test(`images: ${line}`, (t) => t.deepEqual(run(line).images, images as never));

test('arguments of an app keep empty strings', (t) => {
  const {images} = parse({name: 'run', imageGrammar: true}, flags, ['foo', '--', '', 'a', '']);
  t.deepEqual(images[0]?.args, ['', 'a', '']);
});

test('flags of the pod may stand anywhere outside the arguments of an app', (t) => {
  t.is(run('--net=a foo').flags.net, 'a');
  t.is(run('foo --net=a bar').flags.net, 'a');
  t.is(run('foo -- --net=a').flags.net, undefined);
  t.is(run('foo -- x --- --net=a').flags.net, 'a');
});

test('flags of an image before the first one go to the command, which decides', (t) => {
  const {flags: values, images} = run('--mount=a foo --mount=b');
  t.deepEqual(values.mount, ['a']);
  t.deepEqual(images[0]?.given, {mount: ['b']});
});

for (const [line, code] of [
  ['-- foo', 'RKT_APP_ARGUMENTS_MISPLACED'],
  ['--net=x -- foo', 'RKT_APP_ARGUMENTS_MISPLACED'],
  ['foo -- a --- -- b', 'RKT_APP_ARGUMENTS_MISPLACED'],
  ['foo --nett=x', 'RKT_FLAG_UNKNOWN'],
  ['foo --exec', 'RKT_FLAG_VALUE_MISSING'],
  ['foo  bar', 'RKT_ARGUMENT_EMPTY'],
] as const)
  test(`images refused: ${line}`, (t) =>
    t.like(
      t.throws(() => run(line)),
      {code},
    ));
