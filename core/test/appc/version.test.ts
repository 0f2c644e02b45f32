import test from 'ava';
import {acVersion, MAX_VERSION, parseVersion} from '../../src/appc/version.ts';

const cases: readonly (readonly [text: string, isReadable: boolean])[] = [
  ['0.8.11', true],
  ['0.8.10', true],
  ['0.1.0', true],
  ['0.8.11-rc.1', true],
  ['0.8.11+git', true],
  ['0.7.99', true],
  ['0.8.12', false],
  ['0.8.12-rc', false],
  ['0.9.0', false],
  ['0.10.0', false],
  ['1.0.0', false],
  ['0.0.0', false],
  ['', false],
  ['0.8', false],
  ['0.8.11.1', false],
  ['v0.8.11', false],
  ['0.08.11', false],
  ['0.8.11-', false],
  ['0.8.11-01', false],
  ['0.8.11-a..b', false],
  ['0.8.11+', false],
  [' 0.8.11', false],
  ['0.8.11\n', false],
];
for (const [text, isReadable] of cases) {
  test(`TY-04 a manifest of version ${JSON.stringify(text)} is ${isReadable ? '' : 'not '}read`, (t) => {
    t.is(acVersion.safeParse(text).success, isReadable);
  });
}

test('TY-04 a version is read by SemVer 2.0.0', (t) => {
  t.deepEqual(parseVersion('1.20.300-alpha.1-x.0+build.7-y'), [1, 20, 300]);
});

test('S10 a version has at most 256 characters', (t) => {
  const ofLength = (length: number) => `0.8.1-${'a'.repeat(length - 6)}`;
  t.truthy(parseVersion(ofLength(MAX_VERSION - 1)));
  t.truthy(parseVersion(ofLength(MAX_VERSION)));
  t.is(parseVersion(ofLength(MAX_VERSION + 1)), undefined);
  t.is(parseVersion('1.'.repeat(2 ** 19)), undefined);
});
