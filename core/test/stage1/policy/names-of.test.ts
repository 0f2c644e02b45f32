import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {locateFlavor} from '../../../src/stage1/load/find.ts';
import {namesOf} from '../../../src/stage1/policy/names-of.ts';
import type {Rule} from '../../../src/stage1/policy/policy.ts';

const root = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-names-')));
test.after.always(() => rmSync(root, {recursive: true}));

const flavorAt = (name: string): string => {
  const directory = path.join(root, name);
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'package.json'), `{"name": "${name}", "main": "index.js"}`);
  writeFileSync(path.join(directory, 'index.js'), '');
  return directory;
};
const named = (selection: string, effect: Pick<Rule, 'flavors' | 'forbid'>) =>
  namesOf(locateFlavor(selection, {}) ?? '', [{name: 'a', layer: 'system', file: '/a.json', ...effect}], {});

test('S20 a flavor that is forbidden by its path is forbidden by every path that leads to it', (t) => {
  const bad = flavorAt('bad');
  symlinkSync(bad, path.join(root, 'directory-link'));
  mkdirSync(path.join(root, 'files'));
  symlinkSync(path.join(bad, 'index.js'), path.join(root, 'files/file-link.js'));
  for (const way of [bad, `${root}/./bad`, `${bad}/index.js`, `${root}/directory-link`, `${root}/files/file-link.js`])
    t.deepEqual(named(way, {forbid: [bad]}).aliases, [bad], way);
  // And by a rule that has the other path.
  t.deepEqual(named(bad, {forbid: [`${root}/directory-link`]}).aliases, [`${root}/directory-link`]);
  t.deepEqual(named(flavorAt('other'), {forbid: [bad]}).aliases, []);
});

test('S20 one that may run is only that: a link to it can lead elsewhere by the time it is loaded', (t) => {
  const good = flavorAt('good');
  symlinkSync(path.join(good, 'index.js'), path.join(root, 'good-link.js'));
  t.deepEqual(named(good, {flavors: [good]}).names, [good]);
  t.deepEqual(named(`${root}/good-link.js`, {flavors: [good]}).names, []);
});
