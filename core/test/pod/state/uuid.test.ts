import test from 'ava';
import {isUuid, newUuid, parseUuidPrefix} from '../../../src/pod/state/uuid.ts';

const uuid = '0f5a1f3e-1c9b-4f0e-9d0a-6a54e0d2c7b1';

for (const [typed, prefix] of [
  ['0', '0'],
  ['0f5a1f3e', '0f5a1f3e'],
  ['0F5A1F3E-1C', '0f5a1f3e-1c'],
  ['0f5a1f3e-', '0f5a1f3e-'],
  [uuid, uuid],
] as const)
  test(`a prefix: ${typed}`, (t) => t.is(parseUuidPrefix(typed), prefix));

for (const typed of [
  '',
  'g',
  '-',
  '..',
  '0/1',
  '../run',
  '0f5a1f3e1',
  `${uuid}0`,
  '0f5a\u001b[2J',
  '0f5a\n',
  '0f5a\0',
  ' 0f5a',
  '０f5a',
])
  test(`S26 no prefix: ${JSON.stringify(typed)}`, (t) => {
    const error = t.throws(() => parseUuidPrefix(typed), {code: 'RKT_POD_UUID_INVALID'});
    t.notRegex(error?.message ?? '', /\p{Cc}/u);
  });

test('EX-61 a new UUID is one, and not the last one again', (t) => {
  const [one, other] = [newUuid(), newUuid()];
  t.true(isUuid(one) && isUuid(other));
  t.not<string, string>(one, other);
});
