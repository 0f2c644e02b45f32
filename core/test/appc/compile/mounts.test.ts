import test from 'ava';
import {compileMounts} from '../../../src/appc/compile/mounts.ts';
import {mountPoints} from '../../../src/appc/mount-points.ts';
import {readPodManifest} from '../../../src/appc/read-manifest.ts';
import {refused, sample} from '../support.ts';

const {apps, volumes} = await readPodManifest(sample('pod-full.json'));
const mounts = apps[0]?.mounts;
const point = (readOnly: boolean, path = '/srv/data') => mountPoints.parse([{name: 'data', path, readOnly}]);

test('PO-07 a mount finds its volume by name', (t) => {
  const [mount] = compileMounts('cart', mounts, volumes, null);
  t.like(mount, {volume: 'shared', path: '/srv/data', readOnly: true});
  t.is(mount?.source, volumes?.[0] ?? t.fail());
});

test('PO-07 appVolume overrides the volume of that name', (t) => {
  const [mount] = compileMounts('backup', apps[1]?.mounts, volumes, null);
  t.like(mount, {volume: 'scratch', path: '/tmp/out', readOnly: false});
  t.is(mount?.source, apps[1]?.mounts?.[0]?.appVolume ?? t.fail());
});

test('PO-07 a volume that is nowhere is refused', (t) => {
  t.like(
    refused(t, 'RKT_VOLUME_UNDEFINED', () => compileMounts('cart', mounts, [], null)),
    {app: 'cart', volume: 'shared'},
  );
});

test('IM-22 a mount is read-only as the volume says, else as the mount point does', (t) => {
  const silent = volumes?.map(({readOnly: _, ...volume}) => volume);
  const writable = volumes?.map((volume) => ({...volume, readOnly: false}));
  const readOnly = (...input: Parameters<typeof compileMounts>) => compileMounts(...input)[0]?.readOnly;
  t.is(readOnly('cart', mounts, silent, null), false);
  t.is(readOnly('cart', mounts, silent, point(false)), false);
  t.is(readOnly('cart', mounts, silent, point(true)), true);
  t.is(readOnly('cart', mounts, silent, point(true, '/srv//./data/')), true);
  t.is(readOnly('cart', mounts, silent, point(true, 'srv/x/../data')), true);
  t.is(readOnly('cart', mounts, silent, point(true, '/srv')), false);
  t.is(readOnly('cart', mounts, writable, point(true)), false);
  t.is(readOnly('cart', mounts, volumes, point(false)), true);
});
