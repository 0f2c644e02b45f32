import test from 'ava';
import {apiReport} from './api-report.ts';
import {breakingChanges, forbiddenChanges} from './breaking-changes.ts';
import type {Exported, Member} from './surface.ts';

const member = (line: string): Member => {
  const [path = '', type = ''] = line.split(': ');
  return {path, type, doc: ''};
};
const type = (name: string, arms: Readonly<Record<string, readonly string[]>>): Exported => ({
  ...{name, kind: 'type', doc: ''},
  shape: {arms: Object.entries(arms).map(([told, lines]) => ({told, doc: '', members: lines.map(member)}))},
});
const report = (surface: readonly Exported[], version = '1.1.0') => apiReport(`@rkt/core/contract ${version}`, surface);

const before = report([
  type('Launch', {'into: "host"': ['program: HostPath', 'keepLock?: boolean'], 'into: "rootfs"': ['root: Location']}),
  type('Pod', {'': ['uuid: Uuid', 'ipc: "host" | "private"']}),
  {name: 'VERBS', kind: 'value', doc: '', shape: {text: 'readonly ["enter", "stop"]'}},
  {
    name: 'hostPath',
    kind: 'function',
    doc: '',
    shape: {arms: [{told: '', doc: '', members: ['argument 1: string', 'returns: HostPath'].map(member)}]},
  },
]);
const after = (change: (text: string) => string) => breakingChanges(before, change(before));

test('what has gone or is another breaks who builds on it', (t) => {
  t.deepEqual(
    after((text) => text),
    [],
  );
  t.deepEqual(
    after((text) => text.replace(/\n\ntype Pod[\s\S]*?(?=\n\n)/, '')),
    ['type Pod: gone'],
  );
  t.deepEqual(
    after((text) => text.replace(/\n\ntype Launch \{into: "rootfs"\}[\s\S]*?(?=\n\n)/, '')),
    ['type Launch {into: "rootfs"}: gone'],
  );
  t.deepEqual(
    after((text) => text.replace('\n  uuid: Uuid', '')),
    ['type Pod: uuid is gone'],
  );
  t.deepEqual(
    after((text) => text.replace('uuid: Uuid', 'uuid: string')),
    ['type Pod: uuid was Uuid, and is string'],
  );
  t.deepEqual(
    after((text) => text.replace(' | "private"', '')),
    ['type Pod: ipc was "host" | "private", and is "host"'],
  );
  t.deepEqual(
    after((text) => text.replace('"enter", ', '')),
    ['value VERBS: is was readonly ["enter", "stop"], and is readonly ["stop"]'],
  );
  t.deepEqual(
    after((text) => text.replace('returns: HostPath', 'returns: string')),
    ['function hostPath: returns was HostPath, and is string'],
  );
});

test('what is new breaks if it has to be given, and only then', (t) => {
  const add = (line: string, head: string) => after((text) => text.replace(`${head}\n`, `${head}\n  ${line}\n`));
  const launch = 'type Launch {into: "host"}';
  t.deepEqual(add('fast?: boolean', launch), []);
  t.deepEqual(add('fast: boolean', launch), [`${launch}: fast is new, and has to be given`]);
  // A flavor gets it.
  t.deepEqual(add('name: string', 'type Pod'), []);
  t.deepEqual(add('argument 2?: string', 'function hostPath'), []);
  t.deepEqual(add('argument 2: string', 'function hostPath'), [
    'function hostPath: argument 2 is new, and has to be given',
  ]);
  t.deepEqual(
    after((text) => text.replace('keepLock?', 'keepLock')),
    [`${launch}: keepLock may no longer be left out`],
  );
  t.deepEqual(
    after((text) => text.replace('"host" | "private"', '"host" | "none" | "private"')),
    [],
  );
  t.deepEqual(
    after((text) => text.replace('"enter", ', '"enter", "pause", ')),
    [],
  );
  t.deepEqual(
    after((text) => `${text.trimEnd()}\n\ntype Extra\n  is: string\n`),
    [],
  );
});

test('a breaking change is forbidden while the major version stays', (t) => {
  const broken = before.replace('\n  uuid: Uuid', '');
  t.is(forbiddenChanges(before, broken).length, 1);
  t.is(forbiddenChanges(before, broken.replace('1.1.0', '1.2.0')).length, 1);
  t.deepEqual(forbiddenChanges(before, broken.replace('1.1.0', '2.0.0')), []);
});
