import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {Mount, Volume} from '../../../src/contract/pod.ts';
import {treeWithVolumes} from '../../../src/pod/compose/tree-with-volumes.ts';

test('a host volume covers the image below its target, and nowhere else', (t) => {
  const source = mkdtempSync(path.join(tmpdir(), 'rkt-volume-'));
  t.teardown(() => rmSync(source, {recursive: true}));
  writeFileSync(path.join(source, 'tool'), '');
  const volumes = [
    {name: 'tools', kind: 'host', source},
    {name: 'scratch', kind: 'empty'},
  ] as unknown as Volume[];
  const mounts = [
    {volume: 'tools', path: '/tools'},
    {volume: 'scratch', path: '/scratch'},
    {volume: 'scratch', path: '/tools/inner'},
  ] as unknown as Mount[];
  const tree = treeWithVolumes({has: (file) => /in-image$/.test(file)}, mounts, volumes);
  t.true(tree.has('/tools/tool'));
  t.true(tree.has('/bin/.././tools/tool'));
  t.false(tree.has('/tools/in-image'));
  t.true(tree.has('/toolsmith/in-image'));
  t.true(tree.has('/scratch/in-image'));
  t.true(tree.has('/tools/inner/in-image'));
  t.false(tree.has('/bin/tool'));
});
