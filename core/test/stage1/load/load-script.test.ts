import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {Script} from 'node:vm';
import test from 'ava';
import {loadScript} from '../../../src/stage1/load/load-script.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'rkt-load-script-'));
test.after.always(() => rmSync(directory, {recursive: true}));

const place = (name: string, code: string, cache?: Buffer) => {
  const file = path.join(directory, name);
  writeFileSync(file, code);
  if (cache !== undefined) writeFileSync(`${file}.cache`, cache);
  return file;
};
const cacheOf = (code: string): Buffer =>
  new Script(`(function(exports,require,module,__filename,__dirname){${code}\n})`).createCachedData();

test('a bundled flavor is a CommonJS module, and loaded once', (t) => {
  const file = place('plain.cjs', "exports.at = [__filename, __dirname, require('node:path').sep, typeof module];");
  const exports = loadScript(file);
  t.deepEqual(exports, {at: [file, directory, '/', 'object']});
  t.is(loadScript(file), exports);
});

test('its code comes from the cache beside it', (t) => {
  // V8 compares no more of the source than its length: what runs is what the cache was made of.
  const file = place('cached.cjs', 'module.exports = {from: "source"};', cacheOf('module.exports = {from: "cached"};'));
  t.deepEqual(loadScript(file), {from: 'cached'});
});

test('a cache of another source, or that is none, is not used', (t) => {
  const code = 'module.exports = {from: "source"};';
  t.deepEqual(loadScript(place('other.cjs', code, cacheOf(`${code} `))), {from: 'source'});
  t.deepEqual(loadScript(place('garbage.cjs', code, Buffer.from('garbage'))), {from: 'source'});
});

test('what is wrong with it is said', (t) => {
  t.throws(() => loadScript(place('broken.cjs', 'exports = ;')), {instanceOf: SyntaxError});
});
