import test from 'ava';
import {makeManifest} from '../../src/image/build/make-manifest.ts';
import {formatBytes} from '../../src/image/bytes.ts';
import {sniff} from '../../src/image/compression.ts';
import {imageNotFound} from '../../src/image/errors.ts';
import {parseNumeric} from '../../src/image/tar/numeric.ts';
import {parsePax} from '../../src/image/tar/pax.ts';
import type {RktError} from '../../src/rkt-error.ts';

test('IM-01 IM-05 compression is told by content', (t) => {
  const of = (hex: string) => sniff(Buffer.from(hex, 'hex'));
  t.is(of('1f8b08000000'), 'gzip');
  t.is(of('425a68393141'), 'bzip2');
  t.is(of('fd377a585a00'), 'xz');
  t.is(of('28b52ffd0000'), 'zstd');
  t.is(of('6d616e696665'), 'none');
  t.is(of('1f8b'), 'none');
  t.is(of(''), 'none');
});

test('S09 numbers of a header', (t) => {
  const of = (text: string) => parseNumeric(Buffer.from(text, 'latin1'));
  t.is(of('0000644\0'), 0o644);
  t.is(of('   644 \0'), 0o644);
  t.is(of('77777777'), 0o77777777);
  t.is(of('\0\0\0\0'), 0);
  t.is(of(''), 0);
  t.is(of('\x80\0\0\0\0\0\x01\0'), 256);
  t.is(of('\xff\xff\xff\xff\xff\xff\xff\xff'), -1);
  t.is(of('\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe'), -2);
  t.is(of('\x80\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'), Number.POSITIVE_INFINITY);
  t.is(of('\xff\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'), Number.NEGATIVE_INFINITY);
  for (const bad of ['0000648\0', '-1\0', '644 x', '6 4']) {
    t.is(of(bad), undefined, JSON.stringify(bad));
  }
});

test('S25 long pax headers are refused, whatever they are made of', (t) => {
  for (const text of ['1'.repeat(1e6), `9 ${'='.repeat(1e6)}`, '5 a=\n'.repeat(2e5)]) {
    t.is(typeof parsePax(Buffer.from(text)), 'string');
  }
});

test('sizes for people', (t) => {
  t.deepEqual([0, 1023, 1024, 1536, 10 * 1024, 2 ** 30, 2 ** 52].map(formatBytes), [
    '0B',
    '1023B',
    '1.0KiB',
    '1.5KiB',
    '10KiB',
    '1.0GiB',
    '4096TiB',
  ]);
});

test('IM-13 the manifest of a build says what it runs on, unless told', (t) => {
  const labels = (given: string[]) => makeManifest({name: 'example.com/x', labels: given, exec: []}).labels;
  t.deepEqual(
    labels([])?.map(({name}) => name),
    ['os', 'arch'],
  );
  t.deepEqual(labels(['version=1', 'os=freebsd']), [
    {name: 'version', value: '1'},
    {name: 'os', value: 'freebsd'},
  ] as never);
  t.is(t.throws<RktError>(() => labels(['version']))?.code, 'RKT_IMAGE_BUILD_INVALID');
  t.is(t.throws<RktError>(() => labels(['name=x']))?.code, 'RKT_IMAGE_MANIFEST_INVALID');
  t.is(makeManifest({name: 'example.com/x', labels: [], exec: []}).app, undefined);
  t.deepEqual(makeManifest({name: 'example.com/x', labels: [], exec: ['/a', 'b']}).app?.exec, ['/a', 'b']);
});

test('root who came by sudo is told whose store was searched', (t) => {
  const {SUDO_USER: before} = process.env;
  t.teardown(() => {
    if (before === undefined) delete process.env.SUDO_USER;
    else process.env.SUDO_USER = before;
  });
  process.env.SUDO_USER = 'ada';
  t.is(imageNotFound('x').hint?.includes('without sudo'), process.geteuid?.() === 0);
  process.env.SUDO_USER = 'root';
  t.false(imageNotFound('x').hint?.includes('without sudo'));
});
