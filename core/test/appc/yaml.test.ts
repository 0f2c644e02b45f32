import test from 'ava';
import {readDocument, readImageManifest, readPodManifest} from '../../src/appc/read-manifest.ts';
import {MAX_ALIASES, parseYaml} from '../../src/appc/yaml.ts';
import {refusedLater, sample} from './support.ts';

const parse = (text: string) => parseYaml(Buffer.from(text));

test('PO-04 a pod manifest in YAML is the same as in JSON', async (t) => {
  const json = JSON.parse(sample('pod-full.json').toString()) as never;
  t.deepEqual(await readPodManifest(sample('pod-full.yaml')), json);
  t.deepEqual(await readPodManifest(sample('pod-full.json')), json);
});

test('IM-10 an image manifest for a build may be YAML', async (t) => {
  const text = 'acKind: ImageManifest\nacVersion: 0.8.11\nname: example.org/a\n';
  t.is((await readImageManifest(Buffer.from(text))).name as string, 'example.org/a');
  await refusedLater(t, 'RKT_IMAGE_MANIFEST_INVALID', () => readImageManifest(Buffer.from(`${text}labels: {a: b}\n`)));
});

test('S23 what begins like JSON is read as JSON only', async (t) => {
  await refusedLater(t, 'RKT_JSON_INVALID', () => readDocument(Buffer.from(' \n{a: 1}')));
  t.deepEqual(await readDocument(Buffer.from(' \n{"a": 1}')), {a: 1});
  t.deepEqual(await readDocument(Buffer.from('a: 1')), {a: 1});
});

const scalars: readonly (readonly [text: string, value: unknown])[] = [
  ['yes', 'yes'],
  ['on', 'on'],
  ['true', true],
  ['~', null],
  ['0o14', 12],
  ['014', 14],
  ['2001-01-01', '2001-01-01'],
  ['"1"', '1'],
  ['0.8.11', '0.8.11'],
];
for (const [text, value] of scalars) {
  test(`PO-04 the scalar ${text} means ${JSON.stringify(value)} as in YAML 1.2`, async (t) => {
    t.deepEqual(await parse(`a: ${text}`), {a: value});
  });
}

const refusals: readonly (readonly [what: string, text: string, code: string])[] = [
  ['duplicate keys', 'a: 1\nb: {c: 1, c: 2}', 'RKT_YAML_INVALID'],
  ['the key __proto__', '__proto__: {a: 1}', 'RKT_JSON_INVALID'],
  ['a key that is a list', '? [a]\n: 1', 'RKT_YAML_INVALID'],
  ['a tag', 'a: !!js/function "x"', 'RKT_YAML_INVALID'],
  ['several documents', 'a: 1\n---\nb: 2', 'RKT_YAML_INVALID'],
  ['an alias without anchor', 'a: *b', 'RKT_YAML_INVALID'],
  ['an alias of itself', '&a [*a]', 'RKT_YAML_INVALID'],
  ['infinity', 'a: .inf', 'RKT_YAML_INVALID'],
  ['a number that is not kept', 'a: 9007199254740993', 'RKT_YAML_INVALID'],
  ['broken text', 'a: [1', 'RKT_YAML_INVALID'],
  ['half of a surrogate pair', 'a: "\\ud800"', 'RKT_JSON_INVALID'],
  [
    'aliases that multiply',
    `a: &a [${'x,'.repeat(9)}]\nb: &b [${'*a,'.repeat(9)}]\nc: &c [${'*b,'.repeat(9)}]\nd: [*c, *c]`,
    'RKT_YAML_INVALID',
  ],
  ['nesting in brackets', '['.repeat(2 ** 17), 'RKT_YAML_INVALID'],
  ['nesting by indentation', '- '.repeat(2 ** 17), 'RKT_YAML_INVALID'],
  ['nesting above the limit', `a: ${'['.repeat(40)}${']'.repeat(40)}`, 'RKT_JSON_INVALID'],
];
for (const [what, text, code] of refusals) {
  test(`S10 YAML with ${what} is refused`, async (t) => {
    await refusedLater(t, code, () => parse(text));
  });
}

test('S10 bytes that are not UTF-8 are no YAML', async (t) => {
  await refusedLater(t, 'RKT_YAML_INVALID', () => parseYaml(Uint8Array.from([0x61, 0x3a, 0xff])));
});

test('S10 aliases: at the limit and above it', async (t) => {
  const using = (count: number) => `a: &a x\nb: [${'*a,'.repeat(count)}]`;
  t.is(((await parse(using(MAX_ALIASES - 1))) as {b: string[]}).b.length, MAX_ALIASES - 1);
  t.is(((await parse(using(MAX_ALIASES))) as {b: string[]}).b.length, MAX_ALIASES);
  await refusedLater(t, 'RKT_YAML_INVALID', () => parse(using(MAX_ALIASES + 1)));
});

test('S10 YAML: one byte below the limit of size, at it, above it', async (t) => {
  const ofSize = (size: number) =>
    parseYaml(Buffer.from(`a: 1\n#${'x'.repeat(size - 6)}`), {bytes: 50, depth: 3, entries: 9});
  t.deepEqual(await ofSize(49), {a: 1});
  t.deepEqual(await ofSize(50), {a: 1});
  await refusedLater(t, 'RKT_YAML_INVALID', () => ofSize(51));
});

test('PO-04 a fault in YAML says in which line it is', async (t) => {
  t.is((await refusedLater(t, 'RKT_YAML_INVALID', () => parse('a: 1\nb: 2\na: 3'))).line, 3);
});
