import {mkdirSync, mkdtempSync, realpathSync, rmSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {Flavor} from '../../../src/contract/flavor.ts';
import type {HostPath} from '../../../src/contract/names.ts';
import {dismissCompanions} from '../../../src/linux/companions.ts';
import {fileDigest} from '../../../src/stage1/load/file-digest.ts';
import {flavorDigest} from '../../../src/stage1/load/flavor-digest.ts';
import {flavorParts} from '../../../src/stage1/load/flavor-parts.ts';
import {keepFlavor} from '../../../src/stage1/load/keep-flavor.ts';
import {isWhole, keptFlavor, keptFlavorDirectory} from '../../../src/stage1/load/kept-flavor.ts';
import {declaration, hostFacts} from '../../support/fixtures.ts';

const place = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-keep-')));
const dataDir = path.join(place, 'data') as HostPath;
mkdirSync(dataDir);
test.after.always(() => {
  dismissCompanions();
  rmSync(place, {recursive: true});
});

const write = (file: string, content: string, mode = 0o644): string => {
  const at = path.join(place, file);
  mkdirSync(path.dirname(at), {recursive: true});
  writeFileSync(at, content, {mode});
  return at;
};
const keep = (source: string, digest: string) =>
  keepFlavor(dataDir, {flavor: {declaration: declaration()} as Flavor, source, digest});
const MIB = 1024 * 1024;

/** Whether a copy is kept, and is the same one when it is asked for again. */
const isKept = (source: string, digest: string): boolean => {
  if (!keep(source, digest)) return false;
  const directory = keptFlavorDirectory(dataDir, digest);
  const {ino} = statSync(directory);
  return isWhole(directory, digest) && keep(source, digest) && statSync(directory).ino === ino;
};

test('the largest package that is copied has a whole copy', (t) => {
  const source = write('many/index.cjs', '');
  write('many/package.json', '{"dependencies": {"@a/other": "1"}}');
  write('many/node_modules/@a/other/package.json', '{"name": "@a/other"}');
  let files = 0;
  while (files < 2040) write(`many/files/${files++}`, '');
  let parts = flavorParts(source);
  while (parts === undefined && files > 0) {
    rmSync(path.join(place, `many/files/${--files}`));
    parts = flavorParts(source);
  }
  t.true(isKept(source, flavorDigest(parts ?? [])), `${files} files`);
  t.true(files < 2040);
});

test('a program may be larger than a package, and is kept whole or not at all', (t) => {
  const program = write('program', '#!/bin/sh\n', 0o755);
  for (const [bytes, kept] of [
    [9 * MIB, true],
    [64 * MIB + 1, false],
  ] as const) {
    truncateSync(program, bytes);
    t.is(isKept(program, fileDigest(program, undefined)), kept, String(bytes));
  }
  truncateSync(program, 3 * 1024 * MIB);
  t.false(keep(program, 'sha256-0'));
  t.like(
    t.throws(() => fileDigest(program, undefined)),
    {reason: 'too-large'},
  );
});

const rootTest = process.geteuid?.() === 0 ? test : test.skip;

rootTest('S10 a flavor runs as nobody from its copy, too', async (t) => {
  const hooks = `const hook = () => [];
module.exports = {declaration: ${JSON.stringify({...declaration(), name: 'other'})}, filesystem: hook, environment: hook,
launch: hook, probe: () => [{severity: 'note', what: require('dependency')()}]};`;
  const source = write('mine/lib/index.cjs', hooks);
  write('mine/package.json', '{"name": "mine", "dependencies": {"dependency": "1"}}');
  write('mine/node_modules/dependency/package.json', '{"name": "dependency"}');
  write(
    'mine/node_modules/dependency/index.js',
    'module.exports = () => JSON.stringify([process.getuid(), process.geteuid(), process.getegid()]);',
  );
  const digest = flavorDigest(flavorParts(source) ?? []);
  t.true(keep(source, digest));
  rmSync(path.join(place, 'mine'), {recursive: true});
  const kept = await keptFlavor(dataDir, {name: 'other', source, digest, found: 'none'}, {});
  t.is(kept?.flavor.probe(hostFacts())[0]?.what, '[65533,65534,65534]');
});
