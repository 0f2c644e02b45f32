import test from 'ava';
import {appNameFor} from '../../src/appc/app-name.ts';
import {acIdentifier, acName, appName, MAX_NAME, volumeName} from '../../src/appc/names.ts';

const identifiers: readonly (readonly [text: string, isValid: boolean])[] = [
  ['a', true],
  ['example.com/database', true],
  ['example.com~user', true],
  ['sub-domain.example.com/org/product/release', true],
  ['app_v1', true],
  ['0', true],
  ['', false],
  ['A', false],
  ['a/', false],
  ['/a', false],
  ['a//b', false],
  ['a..b', false],
  ['a/../b', false],
  ['example.com/~user', false],
  ['a b', false],
  ['a\n', false],
  ['ä', false],
  ['a:1', false],
  ['-a', false],
];
for (const [text, isValid] of identifiers) {
  test(`TY-01 ${JSON.stringify(text)} is ${isValid ? 'an' : 'no'} AC Identifier`, (t) => {
    t.is(acIdentifier.safeParse(text).success, isValid);
  });
}

const names: readonly (readonly [text: string, isValid: boolean])[] = [
  ['database', true],
  ['product-database-release', true],
  ['9', true],
  ['a--b', false],
  ['a.b', false],
  ['a_b', false],
  ['a/b', false],
  ['-a', false],
  ['a-', false],
  ['', false],
  ['Name', false],
  ['a\n', false],
];
for (const [text, isValid] of names) {
  test(`TY-02 ${JSON.stringify(text)} is ${isValid ? 'an' : 'no'} AC Name`, (t) => {
    for (const schema of [acName, appName, volumeName]) t.is(schema.safeParse(text).success, isValid);
  });
}

test('S10 the name of an app or a volume has at most 64 characters', (t) => {
  for (const schema of [appName, volumeName]) {
    t.true(schema.safeParse('a'.repeat(MAX_NAME - 1)).success);
    t.true(schema.safeParse('a'.repeat(MAX_NAME)).success);
    t.false(schema.safeParse('a'.repeat(MAX_NAME + 1)).success);
  }
});

test('S25 names of a megabyte are decided', (t) => {
  const half = 2 ** 19;
  t.false(acIdentifier.safeParse(`${'a-'.repeat(half)}!`).success);
  t.true(acIdentifier.safeParse(`${'a-'.repeat(half)}a`).success);
  t.false(acIdentifier.safeParse(`${'a'.repeat(2 * half)}!`).success);
  t.false(acName.safeParse(`${'a-'.repeat(half)}!`).success);
});

const derived: readonly (readonly [image: string, app: string | undefined])[] = [
  ['example.com/reduce-worker', 'reduce-worker'],
  ['example.com/reduce_worker.v1~x', 'reduce-worker-v1-x'],
  ['nginx', 'nginx'],
  ['example.com/Upper', 'upper'],
  [`example.com/${'a'.repeat(63)}-b`, 'a'.repeat(63)],
  ['example.com/', undefined],
];
for (const [image, app] of derived) {
  test(`TY-02 an app of image ${image.slice(0, 30)} is called ${app?.slice(0, 30)}`, (t) => {
    t.is(appNameFor(image), app as ReturnType<typeof appNameFor>);
  });
}
