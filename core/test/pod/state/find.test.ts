import {mkdirSync, renameSync, rmdirSync, writeFileSync} from 'node:fs';
import test from 'ava';
import {createPod} from '../../../src/pod/state/create.ts';
import {findPod, findUuid} from '../../../src/pod/state/find.ts';
import {gc} from '../../../src/pod/state/gc.ts';
import {podDirectory, podsDirectory} from '../../../src/pod/state/layout.ts';
import {listPods} from '../../../src/pod/state/list.ts';
import {remove} from '../../../src/pod/verbs/remove.ts';
import type {RktError} from '../../../src/rkt-error.ts';
import {dataDirectory, scratch, uuidOf} from '../helpers.ts';

const [a, b, c] = [uuidOf('a'), uuidOf('b'), uuidOf('c')];
const PATIENT = {gracePeriod: 1e9, expirePrepared: 1e9, markOnly: false, dryRun: false};
const AT_ONCE = {...PATIENT, gracePeriod: 0};

test('a pod is found by the beginning of its UUID, wherever it is', (t) => {
  const dataDir = dataDirectory(t, {[a]: 'run', [b]: 'prepared', [c]: 'garbage'});
  t.is(findUuid(dataDir, 'a'), a);
  t.is(findUuid(dataDir, 'BBBB'), b);
  t.is(findUuid(dataDir, c), c);
  t.is(findPod(dataDir, 'b').state, 'prepared');
  t.is(findPod(dataDir, a).state, 'exited');
});

test('a prefix of several pods is refused with the candidates', (t) => {
  const other = `${a.slice(0, -1)}b`;
  const dataDir = dataDirectory(t, {[a]: 'run', [other]: 'exited-garbage'});
  const error = t.throws<RktError>(() => findUuid(dataDir, 'aaaa'), {code: 'RKT_POD_AMBIGUOUS'});
  t.deepEqual(error?.fields.candidates, [a, other]);
});

test('a pod that does not exist, or a data directory that does not, is no pod', (t) => {
  const dataDir = dataDirectory(t);
  t.throws(() => findUuid(dataDir, 'a'), {code: 'RKT_POD_UNKNOWN'});
  t.throws(() => findPod(dataDir, a), {code: 'RKT_POD_UNKNOWN'});
  t.throws(() => findUuid(scratch(t), 'a'), {code: 'RKT_POD_UNKNOWN'});
  t.deepEqual(listPods(scratch(t)), []);
});

test('list shows what rkt lists, and nothing that is not a pod', (t) => {
  const dataDir = dataDirectory(t, {[a]: 'run', [b]: 'embryo', [c]: 'prepare'});
  mkdirSync(`${podsDirectory(dataDir, 'run')}/lost+found`);
  writeFileSync(`${podsDirectory(dataDir, 'run')}/.hidden`, '');
  t.deepEqual(
    listPods(dataDir).map(({uuid, state}) => [uuid, state]),
    [
      [a, 'exited'],
      [c, 'aborted prepare'],
    ],
  );
});

test('S20 a pod that is being prepared is locked, and nobody takes it', (t) => {
  const dataDir = dataDirectory(t);
  using place = createPod(dataDir, a);
  t.is(findPod(dataDir, a).state, 'preparing');
  t.like(gc(dataDir, AT_ONCE), [{uuid: a, action: 'keep', state: 'preparing'}]);
  t.throws(() => remove(dataDir, a), {code: 'RKT_POD_STATE'});
  place.close();
  t.is(findPod(dataDir, a).state, 'aborted prepare');
  gc(dataDir, AT_ONCE);
  t.throws(() => findPod(dataDir, a), {code: 'RKT_POD_UNKNOWN'});
});

test('S20 gc marks what has exited, removes what was marked long enough ago, and what never ran', (t) => {
  const dataDir = dataDirectory(t, {[a]: 'run', [b]: 'prepare', [c]: 'embryo'});
  t.deepEqual<unknown, unknown>(
    new Map(gc(dataDir, PATIENT).map(({uuid, action}) => [uuid, action])),
    new Map([
      [a, 'keep'],
      [b, 'remove'],
      [c, 'remove'],
    ]),
  );
  t.is(findPod(dataDir, a).state, 'exited garbage');
  t.like(gc(dataDir, PATIENT), [{uuid: a, action: 'keep', state: 'exited garbage'}]);
  t.like(gc(dataDir, AT_ONCE), [{uuid: a, action: 'remove'}]);
  t.deepEqual(listPods(dataDir), []);
});

test('gc --mark-only removes nothing', (t) => {
  const dataDir = dataDirectory(t, {[a]: 'run', [b]: 'prepare', [c]: 'garbage'});
  gc(dataDir, {...AT_ONCE, markOnly: true});
  t.is(findPod(dataDir, a).state, 'exited garbage');
  t.is(findPod(dataDir, b).state, 'garbage');
  t.is(findPod(dataDir, c).state, 'garbage');
});

test('gc --dry-run says the same and does nothing', (t) => {
  const dataDir = dataDirectory(t, {[a]: 'run', [b]: 'prepared', [c]: 'garbage'});
  const said = gc(dataDir, {...AT_ONCE, dryRun: true}).map(({uuid, action}) => [uuid, action]);
  t.deepEqual(said, [
    [a, 'mark'],
    [b, 'keep'],
    [c, 'remove'],
  ]);
  t.is(findPod(dataDir, a).directory, 'run');
  t.is(findPod(dataDir, c).directory, 'garbage');
});

test('gc expires prepared pods', (t) => {
  const dataDir = dataDirectory(t, {[a]: 'prepared'});
  gc(dataDir, PATIENT);
  t.is(findPod(dataDir, a).state, 'prepared');
  gc(dataDir, {...PATIENT, expirePrepared: 0});
  t.throws(() => findPod(dataDir, a), {code: 'RKT_POD_UNKNOWN'});
});

for (const directory of ['embryo', 'prepare', 'prepared', 'run', 'exited-garbage', 'garbage'] as const)
  test(`rm takes a pod out of ${directory}`, (t) => {
    const dataDir = dataDirectory(t, {[a]: directory});
    remove(dataDir, a);
    t.throws(() => findPod(dataDir, a), {code: 'RKT_POD_UNKNOWN'});
    t.throws(() => remove(dataDir, a), {code: 'RKT_POD_UNKNOWN'});
  });

test('S20 half a file of a crashed machine does not keep a pod from being listed and removed', (t) => {
  const dataDir = dataDirectory(t, {[a]: 'run'});
  for (const file of ['summary.json', 'plan.json', 'frozen.json', 'facts.json', 'supervisor'])
    writeFileSync(`${podDirectory(dataDir, 'run', a)}/${file}`, '{"ver');
  t.like(listPods(dataDir), [{uuid: a, state: 'exited'}]);
  gc(dataDir, AT_ONCE);
  t.deepEqual(listPods(dataDir), []);
});

test('S20 an embryo that gc takes is made again', (t) => {
  const dataDir = dataDirectory(t);
  // What gc does between two system calls of ours.
  rmdirSync(podsDirectory(dataDir, 'embryo'));
  using place = createPod(dataDir, a);
  t.is(place.directory, 'prepare');
  renameSync(place.path, podDirectory(dataDir, 'garbage', a));
});
