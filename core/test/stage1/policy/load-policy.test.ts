import {mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import type {HostPath} from '../../../src/contract/names.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {findPolicyFiles} from '../../../src/stage1/policy/find-policy-files.ts';
import {loadPolicy} from '../../../src/stage1/policy/load-policy.ts';

const HEADER = 'rktVersion: v1\nrktKind: policy\n';

/** Layers with these files in their policy.d. */
const layersOf = (t: ExecutionContext, files: Readonly<Record<string, string>>) => {
  const root = mkdtempSync(path.join(tmpdir(), 'rkt-policy-'));
  t.teardown(() => rmSync(root, {recursive: true}));
  for (const [name, content] of Object.entries(files)) {
    const [layer = '', file = ''] = name.split('/');
    mkdirSync(path.join(root, layer, 'policy.d'), {recursive: true});
    writeFileSync(path.join(root, layer, 'policy.d', file), content);
  }
  const at = (layer: string) => path.join(root, layer) as HostPath;
  return {root, systemConfig: at('system'), localConfig: at('local'), userConfig: at('user')};
};

const load = (t: ExecutionContext, files: Readonly<Record<string, string>>) =>
  loadPolicy(findPolicyFiles(layersOf(t, files)));

const one = (rule: string) => `${HEADER}rules:\n  - {name: one, ${rule}}\n`;

test('no files, no rules', async (t) => {
  t.deepEqual(await load(t, {}), []);
});

test('the rules of all layers, the highest first, and in a layer in the order of files', async (t) => {
  const rules = await load(t, {
    'user/a.yaml': one('forbid: [a]'),
    'local/b.yml': one('forbid: [b]'),
    'local/a.json': JSON.stringify({rktVersion: 'v1', rktKind: 'policy', rules: [{name: 'one', forbid: ['c']}]}),
    'system/z.yaml': one('forbid: [d]'),
    'local/c.YAML': one('forbid: [e]'),
    'local/README': 'not a policy',
    'local/.a.yaml.swp': 'nor this',
  });
  t.deepEqual(
    rules.map(({layer, forbid}) => [layer, forbid]),
    [
      ['system', ['d']],
      ['local', ['c']],
      ['local', ['b']],
      ['local', ['e']],
      ['user', ['a']],
    ],
  );
});

test('single values are lists of one', async (t) => {
  const [rule] = await load(t, {
    'local/a.yaml': one('match: {labels: {os: linux, version: ["1", "2"]}}, require: [own-kernel, [own-pid, own-ipc]]'),
  });
  t.deepEqual(rule?.match, {labels: {os: ['linux'], version: ['1', '2']}});
  t.deepEqual(rule?.require, [['own-kernel'], ['own-pid', 'own-ipc']]);
});

const refused: readonly (readonly [title: string, content: string, code: `RKT_${string}`, path: string])[] = [
  ['a property that there is not', one('require: [own-kernal]'), 'RKT_CONFIG_FIELD_INVALID', 'rules[0].require[0]'],
  ['a slip in a field', one('forbids: [fly]'), 'RKT_CONFIG_FIELD_UNKNOWN', 'rules[0].forbids'],
  [
    'a slip in a condition',
    one('match: {image: [a]}, forbid: [fly]'),
    'RKT_CONFIG_FIELD_UNKNOWN',
    'rules[0].match.image',
  ],
  ['a rule that does nothing', one('match: {images: [a]}'), 'RKT_CONFIG_FIELD_INVALID', 'rules[0]'],
  ['conditions that are none', one('match: {}, forbid: [fly]'), 'RKT_CONFIG_FIELD_INVALID', 'rules[0].match'],
  ['an empty list', one('flavors: []'), 'RKT_CONFIG_FIELD_INVALID', 'rules[0].flavors'],
  ['a flavor below the working directory', one('flavors: [./fly]'), 'RKT_CONFIG_FIELD_INVALID', 'rules[0].flavors[0]'],
  [
    'an isolator that there is not',
    one('accept: {allow: [os/linux/all]}'),
    'RKT_CONFIG_FIELD_INVALID',
    'rules[0].accept.allow[0]',
  ],
  ['leave for everything', one('degrade: {allow: all}'), 'RKT_CONFIG_FIELD_INVALID', 'rules[0].degrade.allow'],
  [
    'what is allowed and forbidden',
    one('degrade: {allow: [dns], forbid: [dns]}'),
    'RKT_CONFIG_FIELD_INVALID',
    'rules[0].degrade.forbid',
  ],
  [
    'an image that exempts itself',
    one('except: {labels: {a: b}}, forbid: [fly]'),
    'RKT_CONFIG_FIELD_UNKNOWN',
    'rules[0].except.labels',
  ],
  [
    'two rules of one name',
    `${HEADER}rules: [{name: a, forbid: [fly]}, {name: a, forbid: [kvm]}]`,
    'RKT_CONFIG_FIELD_INVALID',
    'rules',
  ],
  [
    'what a program by its path has been built with, which nobody knows',
    one('match: {host: {lacks: [built-with//opt/tool/SECCOMP]}}, forbid: [fly]'),
    'RKT_CONFIG_FIELD_INVALID',
    'rules[0].match.host.lacks[0]',
  ],
  [
    'a program by a path that is not absolute, which is never there',
    one('match: {host: {lacks: [program/opt/tool]}}, forbid: [fly]'),
    'RKT_CONFIG_FIELD_INVALID',
    'rules[0].match.host.lacks[0]',
  ],
  ['no rules', HEADER, 'RKT_CONFIG_FIELD_INVALID', 'rules'],
  ['a key twice', `${HEADER}rules: []\nrules: []\n`, 'RKT_CONFIG_FIELD_INVALID', 'line 4'],
  [
    'a key twice in JSON',
    '{"rules": [{"forbid": ["kvm"], "forbid": []}]}',
    'RKT_CONFIG_FIELD_INVALID',
    'rules[0].forbid',
  ],
  ['nothing', '', 'RKT_CONFIG_FIELD_INVALID', ''],
];
for (const [title, content, code, at] of refused) {
  test(`${title} is refused with file and place`, async (t) => {
    const error = await t.throwsAsync(load(t, {'local/a.yaml': content}), {instanceOf: RktError});
    t.is(error.code, code);
    t.is(error.fields.path, at);
    t.regex(String(error.fields.file), /local\/policy\.d\/a\.yaml$/);
  });
}

test('another kind and another version are refused', async (t) => {
  const kind = await t.throwsAsync(load(t, {'local/a.yaml': 'rktVersion: v1\nrktKind: paths\n'}), {
    instanceOf: RktError,
  });
  t.is(kind.code, 'RKT_CONFIG_KIND_UNKNOWN');
  const version = await t.throwsAsync(load(t, {'local/a.yaml': 'rktVersion: v2\nrktKind: policy\n'}), {
    instanceOf: RktError,
  });
  t.is(version.code, 'RKT_CONFIG_VERSION_UNKNOWN');
});

test('a policy that is a link is refused, and not passed over: restrictions would get lost', (t) => {
  const layers = layersOf(t, {'local/a.yaml': one('forbid: [fly]')});
  symlinkSync('a.yaml', path.join(layers.root, 'local/policy.d/b.yaml'));
  const error = t.throws(() => findPolicyFiles(layers), {instanceOf: RktError});
  t.is(error.code, 'RKT_CONFIG_NOT_REGULAR');
});

test('S20 a directory of policies that leads nowhere, or a layer above it, is refused: it is not the same as none', (t) => {
  for (const [link, target] of [
    ['local/policy.d', 'gone'],
    ['local', 'gone'],
    ['local/policy.d', 'policy.d'],
  ] as const) {
    const layers = layersOf(t, {'system/a.yaml': one('forbid: [fly]')});
    const place = path.join(layers.root, link);
    mkdirSync(path.dirname(place), {recursive: true});
    symlinkSync(target, place);
    const error = t.throws(() => findPolicyFiles(layers), {instanceOf: RktError}, link);
    t.is(error.code, 'RKT_CONFIG_DIRECTORY_UNREADABLE');
    rmSync(place);
    t.is(findPolicyFiles(layers).length, 1);
  }
});
