import test from 'ava';
import {imageId} from '../../src/appc/image-id.ts';

const digest = '0123456789abcdef'.repeat(8);
const cases: readonly (readonly [text: string, isValid: boolean])[] = [
  [`sha512-${digest}`, true],
  [`sha512-${digest.slice(1)}`, false],
  [`sha512-${digest}0`, false],
  [`sha512-${digest.toUpperCase()}`, false],
  [`sha256-${digest.slice(64)}`, false],
  [`SHA512-${digest}`, false],
  [`sha512-${digest.slice(2)}/.`, false],
  [`sha512-${digest}\n`, false],
  ['sha512-', false],
  ['', false],
];
for (const [number, [text, isValid]] of cases.entries()) {
  test(`TY-05 case ${number}: ${JSON.stringify(text.slice(0, 12))} of ${text.length} characters is ${isValid ? 'an' : 'no'} Image ID`, (t) => {
    t.is(imageId.safeParse(text).success, isValid);
  });
}
