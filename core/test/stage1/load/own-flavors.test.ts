import path from 'node:path';
import test from 'ava';
import {RktError} from '../../../src/rkt-error.ts';
import {findFlavor} from '../../../src/stage1/load/find.ts';
import {defaultOrder, isOwnFlavor, ownFlavors} from '../../../src/stage1/load/own-flavors.ts';

const flavor = (name: string, defaultAfter?: readonly string[]) => ({
  name,
  rktNames: [],
  ...(defaultAfter === undefined ? {} : {defaultAfter}),
});

for (const [title, flavors, order] of [
  ['one that isolates more comes first', [flavor('a', ['b']), flavor('b', [])], ['b', 'a']],
  ['one that is not installed keeps its place, so that its absence is told', [flavor('a', ['b'])], ['b', 'a']],
  ['chains hold', [flavor('a', ['b']), flavor('b', ['c']), flavor('c', [])], ['c', 'b', 'a']],
  ['one that does not say never runs unasked', [flavor('a'), flavor('b', [])], ['b']],
  ['a circle ends', [flavor('a', ['b']), flavor('b', ['a'])], ['b', 'a']],
  ['none is none', [], []],
] as const) {
  test(`S31 default flavors: ${title}`, (t) => t.deepEqual(defaultOrder(flavors), order));
}

test('the flavors that come with rkt say their places themselves', async (t) => {
  const own = ownFlavors();
  t.true(own.length > 1);
  t.is(new Set(own.flatMap(({rktNames}) => rktNames)).size, own.flatMap(({rktNames}) => rktNames).length);
  for (const {name} of own) {
    const found = await findFlavor(name, {});
    t.is(found.flavor.declaration.name, name);
    t.true(isOwnFlavor(found.source), found.source);
  }
  t.false(isOwnFlavor(import.meta.filename));
});

for (const [image, name] of [
  ['coreos.com/rkt/stage1-coreos', 'nspawn'],
  ['coreos.com/rkt/stage1-coreos:1.30.0', 'nspawn'],
  ['coreos.com/rkt/stage1-fly,version=1.30.0', 'fly'],
  ['coreos.com/rkt/stage1-host', 'nspawn'],
  ['coreos.com/rkt/stage1-kvm', 'kvm'],
  ['coreos.com/rkt/stage1-src', 'nspawn'],
] as const) {
  test(`rkt's ${image} is ${name}`, async (t) => {
    t.is((await findFlavor(image, {})).flavor.declaration.name, name);
  });
}

test('an image of rkt whose flavor is not there is not found, and told apart from a name mistyped', async (t) => {
  const error = await t.throwsAsync(findFlavor('coreos.com/rkt/stage1-xen', {}), {instanceOf: RktError});
  t.like(error, {code: 'RKT_FLAVOR_NOT_FOUND'});
  t.like(error.fields, {selection: 'coreos.com/rkt/stage1-xen', tried: ['@rkt/flavor-xen', 'rkt-flavor-xen']});
});

test('who leaves "./" away from a path is told to write it', async (t) => {
  const place = path.relative(process.cwd(), import.meta.dirname);
  const error = await t.throwsAsync(findFlavor(place, {}), {instanceOf: RktError});
  t.like(error, {code: 'RKT_FLAVOR_NOT_FOUND'});
  t.true(error.hint?.includes(`"./${place}"`), error.hint);
});
