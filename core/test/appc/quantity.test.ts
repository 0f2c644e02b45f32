import test from 'ava';
import {formatQuantity, MAX_QUANTITY, MAX_QUANTITY_LENGTH, parseQuantity, type Scale} from '../../src/appc/quantity.ts';
import {randomNumbers, refused} from './support.ts';

const cases: readonly (readonly [text: string, scale: Scale, amount: number])[] = [
  ['0', 'whole', 0],
  ['128974848', 'whole', 128_974_848],
  ['125952Ki', 'whole', 128_974_848],
  ['123Mi', 'whole', 128_974_848],
  ['1K', 'whole', 1e3],
  ['1k', 'whole', 1e3],
  ['1M', 'whole', 1e6],
  ['1G', 'whole', 1e9],
  ['1T', 'whole', 1e12],
  ['1P', 'whole', 1e15],
  ['0.001E', 'whole', 1e15],
  ['1Ki', 'whole', 2 ** 10],
  ['1Gi', 'whole', 2 ** 30],
  ['1Ti', 'whole', 2 ** 40],
  ['1Pi', 'whole', 2 ** 50],
  ['0.005Ei', 'whole', 5_764_607_523_034_235],
  ['1.5G', 'whole', 1_500_000_000],
  ['0.1Gi', 'whole', 107_374_183],
  ['1m', 'whole', 1],
  ['1000m', 'whole', 1],
  ['1001m', 'whole', 2],
  ['007', 'whole', 7],
  ['0.3', 'milli', 300],
  ['300m', 'milli', 300],
  ['1', 'milli', 1000],
  ['1.5', 'milli', 1500],
  ['0.0001', 'milli', 1],
  ['2K', 'milli', 2_000_000],
  ['9007199254740991', 'whole', Number.MAX_SAFE_INTEGER],
];
for (const [text, scale, amount] of cases) {
  test(`EX-52 ${text} is ${amount} ${scale}`, (t) => {
    t.is(parseQuantity(text, scale), amount);
  });
}

for (const text of [
  '',
  ' 1',
  '1 ',
  '+1',
  '-1',
  '1e3',
  '0x10',
  '.5',
  '1.',
  '1.2.3',
  '1,5',
  'K',
  '1Kib',
  '1mi',
  '1n',
  'NaN',
  '١',
  '1\n',
]) {
  test(`EX-52 ${JSON.stringify(text)} is no quantity`, (t) => {
    t.is(refused(t, 'RKT_QUANTITY_INVALID', () => parseQuantity(text, 'whole')).quantity, text);
  });
}

test('EX-52 an amount that the contract cannot hold is refused', (t) => {
  t.is(parseQuantity(String(MAX_QUANTITY), 'whole'), Number(MAX_QUANTITY));
  for (const text of [String(MAX_QUANTITY + 1n), '8Pi', '1E', '1Ei', '9'.repeat(60)]) {
    refused(t, 'RKT_QUANTITY_INVALID', () => parseQuantity(text, 'whole'), text);
  }
});

test('S10 a quantity has at most 64 characters', (t) => {
  t.is(parseQuantity('0'.repeat(MAX_QUANTITY_LENGTH - 1), 'whole'), 0);
  t.is(parseQuantity('0'.repeat(MAX_QUANTITY_LENGTH), 'whole'), 0);
  refused(t, 'RKT_QUANTITY_INVALID', () => parseQuantity('0'.repeat(MAX_QUANTITY_LENGTH + 1), 'whole'));
  refused(t, 'RKT_QUANTITY_INVALID', () => parseQuantity('1'.repeat(2 ** 20), 'whole'));
});

test('EX-52 what is written is read as the same amount', (t) => {
  const random = randomNumbers(52);
  for (let i = 0; i < 2000; i++) {
    const magnitude = 2 ** Math.floor(random() * 53);
    const amount = Math.floor(random() * magnitude) * (random() < 0.3 ? 1 : random() < 0.5 ? 1024 : 1000);
    if (!Number.isSafeInteger(amount)) continue;
    for (const scale of ['whole', 'milli'] as const) {
      t.is(parseQuantity(formatQuantity(amount, scale), scale), amount, formatQuantity(amount, scale));
    }
  }
});

test('EX-52 an amount is written short', (t) => {
  t.deepEqual(
    [0, 1, 1000, 1024, 65_536, 2_000_000, 1_572_864].map((amount) => formatQuantity(amount, 'whole')),
    ['0', '1', '1K', '1Ki', '64Ki', '2M', '1536Ki'],
  );
  t.deepEqual(
    [0, 1, 500, 1000, 1500].map((amount) => formatQuantity(amount, 'milli')),
    ['0', '1m', '500m', '1', '1500m'],
  );
});

test('EX-52 suffixes multiply and decimals divide exactly', (t) => {
  const random = randomNumbers(7);
  const factors = {'': 1n, K: 10n ** 3n, M: 10n ** 6n, Ki: 2n ** 10n, Mi: 2n ** 20n, Gi: 2n ** 30n};
  for (let i = 0; i < 500; i++) {
    const whole = BigInt(Math.floor(random() * 1000));
    const thousandth = BigInt(Math.floor(random() * 1000));
    for (const [suffix, factor] of Object.entries(factors)) {
      const exact = (whole * 1000n + thousandth) * factor;
      const text = `${whole}.${String(thousandth).padStart(3, '0')}${suffix}`;
      t.is(BigInt(parseQuantity(text, 'whole')), (exact + 999n) / 1000n, text);
    }
  }
});
