import test from 'ava';
import {effectiveAnnotations, effectiveApp} from '../../src/appc/merge.ts';
import {acIdentifier} from '../../src/appc/names.ts';
import {parseImageManifest} from '../../src/appc/parse-image-manifest.ts';
import {parsePodManifest} from '../../src/appc/parse-pod-manifest.ts';
import {refused, sample} from './support.ts';

const image = parseImageManifest(sample('image-full.json'));
const library = parseImageManifest(sample('image-minimal.json'));
const pod = parsePodManifest(sample('pod-full.json'));

test('PO-06 the app section of the pod takes the place of the image’s as a whole', (t) => {
  const [cart, backup] = pod.apps;
  t.is(effectiveApp(cart ?? t.fail(), image), cart?.app ?? t.fail());
  t.is(effectiveApp(backup ?? t.fail(), image), image.app ?? t.fail());
});

test('PO-06 an image without app section cannot be run by itself', (t) => {
  const backup = pod.apps[1] ?? t.fail();
  t.like(
    refused(t, 'RKT_APP_SECTION_MISSING', () => effectiveApp(backup, library)),
    {app: 'backup', image: 'example.org/base'},
  );
});

test('PO-08 annotations are merged, the pod wins, nothing is lost', (t) => {
  const of = (record: Record<string, string>) =>
    Object.entries(record).map(([name, value]) => ({name: acIdentifier.parse(name), value}));
  t.deepEqual(
    effectiveAnnotations(of({b: 'pod', c: 'pod'}), of({a: 'image', b: 'image'})),
    of({a: 'image', b: 'pod', c: 'pod'}),
  );
  t.deepEqual(effectiveAnnotations(null, undefined), []);
});
