import {mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {eachFlavor} from '../../../src/stage1/load/find.ts';
import {declaration, hostFacts} from '../../support/fixtures.ts';

const place = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-each-')));
test.after.always(() => rmSync(place, {recursive: true}));

const NAMES = ['one', 'three', 'two'];
for (const name of NAMES) {
  const directory = path.join(place, `node_modules/rkt-flavor-${name}`);
  mkdirSync(directory, {recursive: true});
  writeFileSync(path.join(directory, 'package.json'), JSON.stringify({name: `rkt-flavor-${name}`, main: 'index.cjs'}));
  const hooks = `const hook = () => [];
module.exports = {declaration: ${JSON.stringify({...declaration(), name})}, probe: hook, filesystem: hook, environment: hook, launch: hook};`;
  writeFileSync(path.join(directory, 'index.cjs'), name === 'three' ? 'throw new Error("broken")' : hooks);
}

/** Modules of this place that processes are there for. */
const running = (): string[] =>
  readdirSync('/proc').flatMap((pid) => {
    try {
      const file = /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').at(-2) : undefined;
      return file?.startsWith(`${place}/`) === true ? [file] : [];
    } catch {
      // It has ended.
      return [];
    }
  });

test('S10 of other people’s flavors that are all looked at, no more than one runs at once', async (t) => {
  const seen = await eachFlavor({searchFrom: [place]}, (found) => {
    if (!found.source.startsWith(place)) return [];
    const others = running().filter((file) => file !== found.source);
    return [['flavor' in found ? found.flavor.probe(hostFacts()) : 'broken', others]];
  });
  t.deepEqual(seen.flat(), [
    [[], []],
    ['broken', []],
    [[], []],
  ]);
  t.deepEqual(running(), []);
});
