import test from 'ava';
import type {ImageId} from '../../src/contract/names.ts';
import {createMerge, type Node} from '../../src/image/merge.ts';
import type {TarEntry, TarEntryType} from '../../src/image/tar/entry.ts';
import type {RktError} from '../../src/rkt-error.ts';

type Image = readonly (readonly [path: string, type: TarEntryType])[];

const entry = ([path, type]: Image[number]): TarEntry => ({
  path: path === '' ? 'rootfs' : `rootfs/${path}`,
  type,
  mode: 0o755,
  uid: 0,
  gid: 0,
  size: 0,
  mtime: {seconds: 0, nanoseconds: 0},
  linkName: '',
  xattrs: new Map(),
});

/** Renders images by name; the result is `path: image` for each path, `?` for a directory that is only implied. */
const render = (...visits: readonly (readonly [name: string, image: Image, ...whitelists: string[][]])[]) => {
  const merge = createMerge();
  for (const [name, image, ...whitelists] of visits) {
    const own = whitelists.map((paths) => ({hash: paths.join(' '), paths}));
    merge.add({id: name as ImageId, whitelists: own}, image.map(entry));
  }
  const found: Record<string, string> = {};
  const walk = (node: Node, path: string): void => {
    for (const [name, child] of node.children ?? []) {
      found[`${path}${name}`] = `${child.from?.id ?? '?'}${child.children === undefined ? '' : '/'}`;
      walk(child, `${path}${name}/`);
    }
  };
  walk(merge.root, '');
  return found;
};

test('EX-03 what is laid down later wins', (t) => {
  const a: Image = [
    ['f', 'file'],
    ['only-a', 'file'],
  ];
  const b: Image = [['f', 'file']];
  t.deepEqual(render(['A', a], ['B', b]), {f: 'B', 'only-a': 'A'});
  t.deepEqual(render(['D', a], ['B', b], ['D', a]), {f: 'D', 'only-a': 'D'});
});

test('EX-05 directories merge, and have the properties of the last one', (t) => {
  t.deepEqual(
    render(
      [
        'A',
        [
          ['d', 'directory'],
          ['d/x', 'file'],
        ],
      ],
      [
        'B',
        [
          ['d', 'directory'],
          ['d/y', 'file'],
        ],
      ],
    ),
    {
      d: 'B/',
      'd/x': 'A',
      'd/y': 'B',
    },
  );
});

test('EX-05 a file replaces a directory with all that is in it, and the other way round', (t) => {
  const tree: Image = [
    ['d', 'directory'],
    ['d/x', 'file'],
  ];
  t.deepEqual(render(['A', tree], ['B', [['d', 'file']]]), {d: 'B'});
  t.deepEqual(render(['A', [['d', 'file']]], ['B', tree]), {d: 'B/', 'd/x': 'B'});
  t.deepEqual(
    render(
      ['A', tree],
      ['B', [['d', 'file']]],
      [
        'C',
        [
          ['d', 'directory'],
          ['d/y', 'file'],
        ],
      ],
    ),
    {
      d: 'C/',
      'd/y': 'C',
    },
  );
});

test('EX-06 a symlink to a directory is replaced, not followed', (t) => {
  const linked: Image = [
    ['real', 'directory'],
    ['link', 'symlink'],
  ];
  t.deepEqual(
    render(
      ['A', linked],
      [
        'B',
        [
          ['link', 'directory'],
          ['link/x', 'file'],
        ],
      ],
    ),
    {
      real: 'A/',
      link: 'B/',
      'link/x': 'B',
    },
  );
  t.deepEqual(render(['A', linked], ['B', [['link/x', 'file']]]), {real: 'A/', link: '?/', 'link/x': 'B'});
});

test('EX-05 a directory that an archive only implies does not change the one below', (t) => {
  t.deepEqual(render(['A', [['d', 'directory']]], ['B', [['d/x', 'file']]]), {d: 'A/', 'd/x': 'B'});
});

test('EX-04 every path that is not listed is left out, but the directories that lead to one', (t) => {
  const image: Image = [
    ['etc', 'directory'],
    ['etc/passwd', 'file'],
    ['etc/shadow', 'file'],
    ['usr', 'directory'],
    ['usr/bin', 'directory'],
    ['usr/bin/x', 'file'],
    ['var', 'directory'],
    ['var/log', 'directory'],
  ];
  t.deepEqual(render(['A', image, ['/etc/passwd', '/usr/bin/']]), {
    etc: 'A/',
    'etc/passwd': 'A',
    usr: 'A/',
    'usr/bin': 'A/',
  });
  t.deepEqual(render(['A', image, ['/nowhere']]), {});
  t.deepEqual(render(['A', image, ['/etc/../var/log']]), {});
});

test('EX-04 an implied directory that is listed exists', (t) => {
  t.deepEqual(render(['A', [['d/x', 'file']], ['/d']]), {d: '?/'});
});

test('EX-04 each visit has its own whitelists, and all of them count', (t) => {
  const image: Image = [
    ['a', 'file'],
    ['b', 'file'],
    ['c', 'file'],
  ];
  t.deepEqual(render(['D', image, ['/a']], ['D', image, ['/b']]), {a: 'D', b: 'D'});
  t.deepEqual(render(['D', image, ['/a', '/b'], ['/b', '/c']]), {b: 'D'});
});

test('EX-04 what is left out replaces nothing', (t) => {
  t.deepEqual(
    render(
      [
        'A',
        [
          ['p', 'directory'],
          ['p/q', 'file'],
        ],
        ['/p/q'],
      ],
      ['B', [['p', 'file']], ['/p/q']],
    ),
    {
      p: 'A/',
      'p/q': 'A',
    },
  );
});

test('S10 steps: one below and at the limit pass, one above is refused; whitelists and long names count', (t) => {
  const verdict = (most: number, path: string, ...whitelists: string[][]): string | undefined => {
    const merge = createMerge(most);
    const visit = {
      id: 'A' as ImageId,
      whitelists: whitelists.map((paths) => ({hash: paths.join(' '), paths})),
    };
    try {
      for (let visits = 0; visits < 3; visits++) merge.add(visit, [entry([path, 'file'])]);
      return undefined;
    } catch (error) {
      return (error as RktError).code;
    }
  };
  for (const [steps, ...more] of [
    [3, 'a'],
    [6, 'a', ['/a']],
    [9, 'a', ['/b'], ['/a']],
    [6, 'a'.repeat(255)],
  ] as const) {
    const [path, ...whitelists] = more;
    const lists = whitelists.map((list) => [...list]);
    t.is(verdict(steps + 1, path, ...lists), undefined);
    t.is(verdict(steps, path, ...lists), undefined);
    t.is(verdict(steps - 1, path, ...lists), 'RKT_IMAGE_LIMIT_EXCEEDED');
  }
});

test('S10 a path that no archive can have is no work, however long it is', (t) => {
  t.deepEqual(render(['A', [['a', 'directory']], ['/a'.repeat(500_000), '/a']]), {a: 'A/'});
});
