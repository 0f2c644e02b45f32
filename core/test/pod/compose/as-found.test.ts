import {mkdirSync} from 'node:fs';
import test from 'ava';
import {openStore} from '../../../src/image/store.ts';
import {asFound, foundImages} from '../../../src/pod/compose/as-found.ts';
import type {PodRequest, PreparedRequest} from '../../../src/pod/request.ts';
import {dataDirectory} from '../helpers.ts';

const [A, B, GONE] = ['a', 'b', 'c'].map((digit) => `sha512-${digit.repeat(128)}`) as [string, string, string];
const images = (...ids: string[]) => ids.map((id) => ({id}));

test('what begins anew has the images that were found, and looks again for what has been removed since', (t) => {
  const store = openStore(dataDirectory(t, {}));
  for (const id of [A, B]) mkdirSync(`${store.images}/${id}`, {recursive: true});
  const request = {apps: [{image: './one.aci', name: 'one'}, {image: 'two'}]} as unknown as PodRequest; // no more is looked at
  const apps = (...found: string[]) => asFound(request, found, store).apps as unknown;
  t.deepEqual(apps(...foundImages({}, images(A, B), undefined)), [{image: A, name: 'one'}, {image: B}]);
  t.deepEqual(apps(A, GONE), [{image: A, name: 'one'}, {image: 'two'}]);
  t.deepEqual(apps('', '../x'), request.apps);
});

test('the image of a flavor is handed on where a file was asked for, and no other', (t) => {
  const store = openStore(dataDirectory(t, {}));
  mkdirSync(`${store.images}/${A}`, {recursive: true});
  const flavorOf = (stage1: string) => {
    const request: PreparedRequest = {stage1, allowDegraded: []};
    return asFound(request, foundImages(request, [], {image: {id: A}}), store).stage1;
  };
  for (const file of ['./s1.aci', 'file:///s1.aci']) t.is(flavorOf(file), A);
  for (const other of ['nspawn', './flavor.js', 'example.com/stage1']) t.is(flavorOf(other), other);
});

test('the image of an app is never taken for that of the flavor', (t) => {
  const store = openStore(dataDirectory(t, {}));
  for (const id of [A, B]) mkdirSync(`${store.images}/${id}`, {recursive: true});
  const requests = {
    'a pod manifest': {apps: [], manifest: '{}', stage1: './s1.aci'},
    'an app': {apps: [{image: './one.aci'}], stage1: './s1.aci'},
    several: {apps: [{image: './one.aci'}, {image: 'two'}], stage1: './s1.aci'},
  } as unknown as Record<string, PodRequest>; // no more is looked at
  for (const [name, request] of Object.entries(requests)) {
    const {stage1, apps} = asFound(request, foundImages(request, images(A, A), {image: {id: B}}), store);
    t.deepEqual([stage1, apps.map(({image}) => image)], [B, request.apps.map(() => A)], name);
    // However many there are, and whatever has become of the flavor's.
    for (const found of [foundImages(request, images(A, A), {image: {id: GONE}}), [A, A, A]])
      t.is(asFound(request, found, store).stage1, './s1.aci', name);
  }
});
