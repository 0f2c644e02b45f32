import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {parseReference} from '../../src/image/reference.ts';
import type {RktError} from '../../src/rkt-error.ts';

const HEX = '0123456789abcdef'.repeat(8);

const fault = (text: string) => {
  try {
    return parseReference(text);
  } catch (error) {
    return (error as RktError).code;
  }
};

test('an ID, and its beginning', (t) => {
  t.deepEqual(parseReference(`sha512-${HEX}`), {kind: 'id', id: `sha512-${HEX}`} as never);
  t.deepEqual(parseReference('sha512-ab'), {kind: 'prefix', prefix: 'sha512-ab'});
  t.deepEqual(parseReference(`sha512-${HEX.slice(1)}`), {kind: 'prefix', prefix: `sha512-${HEX.slice(1)}`});
});

test('S23 TY-05 digests are strict before they are used in a path', (t) => {
  for (const text of [
    'sha512-',
    'sha512-a',
    'sha512-AB',
    'sha512-../x',
    `sha512-${HEX}0`,
    'sha512-zz',
    'sha512-ab/..',
    'sha512-ab ',
  ]) {
    t.is(fault(text), 'RKT_IMAGE_REFERENCE_INVALID', text);
  }
});

test('names with version and labels', (t) => {
  t.deepEqual(parseReference('example.com/web'), {kind: 'name', name: 'example.com/web', labels: {}});
  t.deepEqual(parseReference('example.com/web:1.0,arch=amd64,x=a=b'), {
    kind: 'name',
    name: 'example.com/web',
    labels: {version: '1.0', arch: 'amd64', x: 'a=b'},
  });
  t.deepEqual(parseReference('web.aci'), {kind: 'name', name: 'web.aci', labels: {}});
});

test('TY-01 names and labels that are none', (t) => {
  for (const text of [
    '',
    'Web',
    'a..b',
    'a//b',
    'a/../b',
    'web:',
    'web,',
    'web,x',
    'web,x=',
    'web:1,version=2',
    'web,name=x',
    'web\0',
    'a b',
    '-web',
  ]) {
    t.is(fault(text), 'RKT_IMAGE_REFERENCE_INVALID', JSON.stringify(text));
  }
});

test('paths, and files that are there', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-reference-'));
  const before = process.cwd();
  try {
    process.chdir(directory);
    writeFileSync('web.aci', '');
    t.deepEqual(parseReference('web.aci'), {kind: 'file', path: path.join(directory, 'web.aci')} as never);
    t.deepEqual(parseReference('./x'), {kind: 'file', path: path.join(directory, 'x')} as never);
    t.deepEqual(parseReference('../x.aci'), {kind: 'file', path: path.resolve(directory, '../x.aci')} as never);
    t.deepEqual(parseReference('/a/./b'), {kind: 'file', path: '/a/b'} as never);
    t.deepEqual(parseReference('file:///a/b%20c'), {kind: 'file', path: '/a/b c'} as never);
  } finally {
    process.chdir(before);
    rmSync(directory, {recursive: true});
  }
});

test('transports that are not there are named', (t) => {
  for (const [text, scheme] of [
    ['https://example.com/x.aci', 'https'],
    ['http://example.com/x.aci', 'http'],
    ['docker://busybox', 'docker'],
    ['docker:busybox', 'docker'],
    ['oci://x', 'oci'],
    ['cimd:appc:v=0:x', 'cimd'],
  ] as const) {
    const error = t.throws<RktError>(() => parseReference(text));
    t.is(error?.code, 'RKT_IMAGE_SOURCE_UNSUPPORTED', text);
    t.is(error?.fields.scheme, scheme);
    // An image of docker is no ACI, wherever it is downloaded.
    t.is(error?.hint?.includes('rkt image build'), scheme === 'docker');
  }
  for (const text of ['file://host/a', 'file://%zz']) t.is(fault(text), 'RKT_IMAGE_REFERENCE_INVALID', text);
});

test('S25 long references are refused, whatever they are made of', (t) => {
  for (const text of [
    'a.'.repeat(500_000),
    'a-'.repeat(500_000),
    `sha512-${'a'.repeat(1e6)}!`,
    `x,${'y=z,'.repeat(1000)}`,
  ]) {
    t.is(fault(text), 'RKT_IMAGE_REFERENCE_INVALID');
  }
});
