import {spawnSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {packageClosure} from '../../../src/stage1/load/package-closure.ts';

/* What a flavor in JavaScript may read: what it may import. */

const place = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-closure-')));
test.after.always(() => rmSync(place, {recursive: true}));

const at = (...parts: string[]) => path.join(place, ...parts);
const makePackage = (directory: string, name: string): string => {
  mkdirSync(at(directory), {recursive: true});
  writeFileSync(at(directory, 'package.json'), JSON.stringify({name}));
  writeFileSync(at(directory, 'index.js'), '');
  return at(directory, 'index.js');
};
const link = (from: string, to: string): void => {
  mkdirSync(path.dirname(at(from)), {recursive: true});
  symlinkSync(to, at(from));
};
const closure = (source: string) => packageClosure(source).filter((found) => found.startsWith(place));

test('a package sees itself, the node_modules above it, and what is linked into these, by that name', (t) => {
  const source = makePackage('project/flavors/mine', 'mine');
  mkdirSync(at('project/node_modules/plain'), {recursive: true});
  makePackage('work/linked', '@scope/linked');
  mkdirSync(at('work/node_modules'));
  link('project/node_modules/@scope/linked', at('work/linked'));
  link('project/node_modules/host', '/etc');
  link('project/node_modules/other', at('work/linked'));
  link('project/node_modules/nowhere', at('nowhere'));
  const wanted = [at('project/flavors/mine'), at('project/node_modules'), at('work/linked'), at('work/node_modules')];
  t.deepEqual(closure(source), wanted);
  link('by-link', at('project/flavors/mine'));
  t.deepEqual(closure(at('by-link/index.js')), wanted);
});

test('S10 what is linked and has a fifo or a device for its package.json is no package, and keeps nobody waiting', (t) => {
  const source = makePackage('waits/mine', 'mine');
  for (const name of ['fifo', 'device']) mkdirSync(at(`elsewhere/${name}`), {recursive: true});
  spawnSync('mkfifo', [at('elsewhere/fifo/package.json')]);
  symlinkSync('/dev/zero', at('elsewhere/device/package.json'));
  for (const name of ['fifo', 'device']) link(`waits/mine/node_modules/${name}`, at(`elsewhere/${name}`));
  t.deepEqual(closure(source), [at('waits/mine')]);
});

test('of a copy everything can be imported, by whatever name it is linked', (t) => {
  const source = makePackage('copy/packages/0', 'mine');
  makePackage('copy/packages/1', 'real');
  link('copy/packages/0/node_modules/alias', '../../1');
  const closureOf = (copy?: string) => packageClosure(source, copy).filter((found) => found.startsWith(place));
  t.deepEqual(closureOf(), [at('copy/packages/0')]);
  t.deepEqual(closureOf(at('copy/packages')), [at('copy/packages')]);
});

test('a file that belongs to no package stands alone; rkt has its own packages for every flavor', (t) => {
  mkdirSync(at('alone'));
  writeFileSync(at('alone/flavor.mjs'), '');
  writeFileSync(at('alone/secret'), '');
  t.deepEqual(closure(at('alone/flavor.mjs')), [at('alone/flavor.mjs')]);
  const all = packageClosure(at('alone/flavor.mjs'));
  const core = path.resolve(import.meta.dirname, '../../..');
  for (const directory of [core, path.resolve(core, '../plugin-sdk')]) {
    t.true(
      all.some((found) => directory === found || directory.startsWith(`${found}/`)),
      directory,
    );
  }
  t.false(all.includes('/'));
});
