import {mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {HostPath} from '../../../src/contract/names.ts';
import {dismissCompanions} from '../../../src/linux/companions.ts';
import type {Settings} from '../../../src/settings.ts';
import {pinnedFlavor} from '../../../src/stage1/choice/choose-flavor.ts';
import {type FoundFlavor, findFlavor} from '../../../src/stage1/load/find.ts';
import {keepFlavor} from '../../../src/stage1/load/keep-flavor.ts';
import {declaration} from '../../support/fixtures.ts';

const place = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-pinned-')));
test.after.always(() => {
  dismissCompanions();
  rmSync(place, {recursive: true});
});

const settings: Settings = {
  dataDir: path.join(place, 'data') as HostPath,
  systemConfig: '/nowhere' as HostPath,
  localConfig: '/nowhere' as HostPath,
  userConfig: undefined,
  insecure: new Set(),
  debug: false,
  note: () => {},
  remark: () => {},
};
mkdirSync(settings.dataDir);

const flavor = (version: string): string =>
  `const hook = () => [];
module.exports = {declaration: ${JSON.stringify({...declaration(), name: 'other', version})}, filesystem: hook, environment: hook, launch: hook, probe: hook};
`;
const install = (name: string): string => {
  const source = path.join(place, name);
  writeFileSync(source, flavor('1.0.0'));
  return source;
};

const isFlavor = (found: unknown): found is FoundFlavor =>
  typeof found === 'object' && found !== null && 'flavor' in found;

test('S20 what becomes another flavor between its digest and its being loaded is not the one that a pod has', async (t) => {
  const source = install('swapped.cjs');
  const {digest} = await findFlavor(source, {});
  const pinned = {name: 'other', source, digest};
  // It changes later each time, by some turns of what waits, until it is too late. From its digest to its being loaded there are more.
  let found: unknown;
  for (let turns = 0; !isFlavor(found) && turns < 1000; turns += 4) {
    writeFileSync(source, flavor('1.0.0'));
    const asked = pinnedFlavor(settings, pinned).catch((error: unknown) => error);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    writeFileSync(source, flavor('2.0.0'));
    found = await asked;
    if (!isFlavor(found)) t.like(found, {code: 'RKT_FLAVOR_REPLACED'}, `${turns} turns`);
  }
  t.like(found, {digest, flavor: {declaration: {version: '1.0.0'}}});
});

test('a copy takes the place of what cannot be read any more', async (t) => {
  const directory = path.join(place, 'package');
  mkdirSync(directory);
  const manifest = path.join(directory, 'package.json');
  writeFileSync(manifest, '{"name": "other"}');
  const source = install('package/index.cjs');
  const found = await findFlavor(source, {});
  t.true(keepFlavor(settings.dataDir, found));
  const pinned = {name: 'other', source, digest: found.digest};
  writeFileSync(manifest, '{"name": "other",');
  t.is((await pinnedFlavor(settings, pinned)).digest, found.digest);
  rmSync(path.join(settings.dataDir, 'cas/flavor-copies'), {recursive: true});
  await t.throwsAsync(pinnedFlavor(settings, pinned), {code: 'RKT_FLAVOR_LOAD_FAILED'});
});
