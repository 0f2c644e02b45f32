import test from 'ava';
import type {Declaration} from '../../../src/contract/declaration.ts';
import {RktError} from '../../../src/rkt-error.ts';
import type {ChosenFlavor} from '../../../src/stage1/choice/choose-flavor.ts';
import {checkPrograms} from '../../../src/stage1/choice/stage1-image.ts';
import {declaration, hostFacts} from '../../support/fixtures.ts';

const chosen = (stage1Image: Declaration['stage1Image']) =>
  ({
    flavor: {
      declaration: declaration({stage1Image}),
      probe: () => [
        {severity: 'missing', what: 'it is of another version', fix: 'make it again: rkt flavor build test'},
        {severity: 'note', what: 'slow', fix: 'buy a faster one'},
      ],
    },
    stage1: {image: {id: 'sha512-0', name: 'rkt/stage1-test'}, tree: '/nowhere'},
  }) as unknown as ChosenFlavor; // no more is looked at

const refusal = (stage1Image: Declaration['stage1Image']) => {
  try {
    checkPrograms(chosen(stage1Image), hostFacts());
  } catch (error) {
    if (error instanceof RktError) return error;
    throw error;
  }
  return undefined;
};

test('of an image that a flavor cannot do without, the flavor says what helps', (t) => {
  const error = refusal({directories: [], required: true});
  t.is(error?.code, 'RKT_STAGE1_IMAGE_INVALID');
  t.is(error?.hint, 'make it again: rkt flavor build test');
});

test('of an image that was chosen, not what helps the host, but where to build another', (t) => {
  const error = refusal({directories: []});
  t.is(error?.code, 'RKT_STAGE1_IMAGE_INVALID');
  t.regex(error?.hint ?? '', /on a host that has the programs/);
});
