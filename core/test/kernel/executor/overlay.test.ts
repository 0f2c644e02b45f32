import {execFileSync} from 'node:child_process';
import {chmodSync, chownSync, lstatSync, mkdirSync, readdirSync, writeFileSync} from 'node:fs';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {builtFixture} from './built-fixture.ts';
import {begin, sandbox} from './perform-in-child.ts';

const kernelTest = testIf(lacks('root', 'overlay'));

kernelTest('EX-03 EX-05 many layers are stacked, uppermost first, and what the app writes reaches none', (t) => {
  const box = sandbox(t);
  const layers = Array.from({length: 60}, (_, index) => `${box.outside}/layer:with,odd\\name-${index}`);
  for (const [index, layer] of layers.entries()) {
    mkdirSync(layer);
    writeFileSync(`${layer}/same`, `${index}`);
    writeFileSync(`${layer}/own-${index}`, '');
  }
  const [namespace, overlay] = begin(box) as [object, object];
  // A dependency that is reached by two paths is listed twice.
  const lower = [...layers, layers[3]];
  const {error, seen} = box.perform(
    [namespace, {...overlay, lower}],
    [
      {path: '/same', what: 'read'},
      {path: '/', what: 'list'},
      {path: '/same', what: 'write'},
      {path: '/new', what: 'write'},
    ],
  );
  t.is(error, undefined);
  t.deepEqual(seen[0], {text: '0'});
  t.is(seen[1]?.names?.length, 61);
  t.deepEqual(readdirSync(layers[0] ?? '').sort(), ['own-0', 'same']);
  t.deepEqual(readdirSync(`${box.directory}/overlay/upper`).sort(), ['new', 'same']);
  t.deepEqual(box.hostMounts(), []);
});

kernelTest('EX-07 the root directory has the owner and permissions of the image', (t) => {
  const box = sandbox(t);
  chmodSync(box.image, 0o1751);
  chownSync(box.image, 7, 8);
  const {error, seen} = box.perform(begin(box), [{path: '/', what: 'stat'}]);
  t.is(error, undefined);
  t.like(seen[0], {mode: 0o41751, uid: 7, gid: 8});
  t.is(lstatSync(`${box.directory}/overlay/upper`).mode & 0o7777, 0o1751);
});

kernelTest('more layers than the kernel stacks are refused', (t) => {
  const box = sandbox(t);
  const [namespace, overlay] = begin(box) as [object, object];
  const lower = Array.from({length: 501}, (_, index) => `/layer-${index}`);
  const {error} = box.perform([namespace, {...overlay, lower}]);
  t.like(error, {code: 'RKT_OVERLAY_TOO_MANY_LAYERS', fields: {layers: 501, limit: 500}});
});

kernelTest('kernels that take no descriptors for layers get the same overlay', (t) => {
  const box = sandbox(t);
  const layers = Array.from({length: 200}, (_, index) => `${box.outside}/a:b,c\\d-${index}`);
  for (const [index, layer] of layers.entries()) {
    mkdirSync(layer);
    writeFileSync(`${layer}/same`, `${index}`);
    writeFileSync(`${layer}/own-${index}`, '');
  }
  const fixture = builtFixture(new URL('fixtures/overlay-by-data.ts', import.meta.url));
  const output = execFileSync(process.execPath, [...fixture, box.directory, ...layers], {encoding: 'utf8'});
  const {names, same} = JSON.parse(output) as {names: string[]; same: string};
  t.is(same, '0');
  t.is(names.length, 201);
  t.deepEqual(box.hostMounts(), []);
});
