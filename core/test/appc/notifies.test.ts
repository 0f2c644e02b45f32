import test from 'ava';
import {NOTIFIES_ANNOTATION, notifies} from '../../src/appc/notifies.ts';

const saying = (value: string) => [{name: NOTIFIES_ANNOTATION as never, value}];

test('IM-30 an image says that its app tells by itself when it is ready, and the app of a pod says otherwise', (t) => {
  t.true(notifies(undefined, saying('true')));
  t.true(notifies(saying('true'), undefined));
  t.true(notifies(saying('true'), saying('false')));
  t.false(notifies(saying('false'), saying('true')));
  for (const value of ['', '1', 'TRUE', 'yes', 'false']) t.false(notifies(null, saying(value)), value);
  t.false(notifies(null, null));
});
