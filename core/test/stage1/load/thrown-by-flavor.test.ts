import test from 'ava';
import {thrownByFlavor} from '../../../src/stage1/load/thrown-by-flavor.ts';

type Told = Parameters<typeof thrownByFlavor>[2];

test('S10 an error with as many causes as a flavor likes is one error of the flavor', (t) => {
  let told: Told = {message: 'the first'};
  for (let count = 0; count < 100_000; count++) told = {message: `error ${count}`, cause: told};
  t.is(thrownByFlavor('other', 'probe', told, '/').message, 'error 99999');
  const {cause} = thrownByFlavor('other', 'probe', {message: 'it', cause: {message: 'because'}}, '/');
  t.is((cause as Error).message, 'because');
});
