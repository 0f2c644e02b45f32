import test from 'ava';
import {errorPage} from '../../src/cli/error-page.ts';
import type {RktError} from '../../src/rkt-error.ts';

test('the page of a code says what it means, what to do and with which status rkt ends', (t) => {
  const page = errorPage('RKT_IMAGE_UNSIGNED');
  t.is(page[0], 'RKT_IMAGE_UNSIGNED');
  t.true(page.some((line) => line.startsWith('- what to do: ')));
  t.is(page.at(-1), '- exit code: 254');
  t.is(errorPage('RKT_COMMAND_MISSING').at(-1), '- exit code: 2');
});

test('a code that no error has is told apart from one mistyped', (t) => {
  const error = t.throws<RktError>(() => errorPage('RKT_IMAGE_UNSINGED'), {code: 'RKT_ERROR_CODE_UNKNOWN'});
  t.regex(error?.hint ?? '', /^did you mean RKT_IMAGE_UNSIGNED\b/);
  t.throws(() => errorPage('RKT_FLAVOR_OF_OTHERS'), {code: 'RKT_ERROR_CODE_UNKNOWN'});
});
