import {existsSync, readdirSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {FLOORS} from './floors.ts';
import {checkFile, checkSources} from './rules.ts';
import {root} from './sources.ts';

/** A file in a room, in a folder or by itself. */
const fileIn = (room: string): string => (isFolder(room) ? `core/src/${room}/some.ts` : `core/src/${room}.ts`);
const isFolder = (room: string): boolean => existsSync(path.join(root, 'core/src', room));

const importing = (from: string, to: string): string =>
  `import type {X} from '${path.posix.relative(path.posix.dirname(fileIn(from)), fileIn(to)).replace(/^(?!\.)/, './')}';`;
const floors = (from: string, to: string): boolean =>
  checkFile(fileIn(from), importing(from, to)).some(({rule}) => rule === 'floors');

for (const [index, floor] of FLOORS.entries()) {
  const above = FLOORS.slice(index + 1).flat();
  for (const room of floor) {
    const closed = [...above, ...floor.filter((name) => name !== room)];
    if (closed.length > 0) {
      test(`${room} imports nothing of a higher floor, nor of its own`, (t) => {
        for (const other of closed) t.true(floors(room, other), other);
      });
    }
    test(`${room} may be imported from every higher floor`, (t) => {
      for (const other of above) t.false(floors(other, room), other);
      t.false(floors(room, room));
    });
  }
}

test('every room of core/src has a floor, and every floor is of rooms that are there', (t) => {
  const rooms = readdirSync(path.join(root, 'core/src')).map((name) => name.replace(/\.ts$/, ''));
  t.deepEqual(FLOORS.flat().toSorted(), rooms.toSorted());
  t.is(checkFile('core/src/attic/box.ts', "import {x} from '../linux/fd.ts';")[0]?.rule, 'floors');
});

const cycles = (sources: Readonly<Record<string, string>>): string[] =>
  checkSources(new Map(Object.entries(sources)))
    .filter(({rule}) => rule === 'no-cycle')
    .map(({file, line}) => `${file}:${line}`);

test('folders that need each other are found, also by way of others and in every form of import', (t) => {
  t.deepEqual(
    cycles({
      'core/src/pod/state/a.ts': "\nimport type {B} from '../compose/b.ts';",
      'core/src/pod/compose/b.ts': "const c = await import('../streams/deep/c.ts');",
      'core/src/pod/streams/deep/c.ts': "export {a} from '../../state/other.ts';",
      'core/src/pod/verbs/d.ts': "import {a} from '../state/a.ts';",
    }),
    ['core/src/pod/state/a.ts:2', 'core/src/pod/compose/b.ts:1', 'core/src/pod/streams/deep/c.ts:1'],
  );
});

test('a folder and the shelves in it are one', (t) => {
  t.deepEqual(
    cycles({
      'core/src/executor/perform.ts': "import {bind} from './steps/bind.ts';",
      'core/src/executor/steps/bind.ts': "import {context} from '../context.ts';",
    }),
    [],
  );
});

test('the tops of pod/ and stage1/ show at most a dozen entries', (t) => {
  for (const room of ['pod', 'stage1']) {
    const names = readdirSync(path.join(root, 'core/src', room));
    t.true(names.length <= 12, `${room}: ${names.join(', ')}`);
  }
});
