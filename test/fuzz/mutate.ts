import type {Random} from './random.ts';

/** Texts that mean something somewhere, or should not. */
export const ODD: readonly string[] = [
  ...[
    '',
    ' ',
    '/',
    '.',
    '..',
    '../..',
    '/..',
    '//',
    '~',
    '-',
    '--',
    ':',
    ',',
    '=',
    '*',
    '%',
    '$',
    '\\',
    '"',
    "'",
    '`',
    '#',
    ';',
  ],
  ...[
    '\0',
    '\n',
    '\r\n',
    '\t',
    '\u001b[2J',
    '\u007f',
    '\u0085',
    '\u00a0',
    '\u202e',
    '\ufeff',
    '\uffff',
    '\ud800',
    'é',
    'e\u0301',
    '🚀',
  ],
  ...['0', '-0', '-1', '007', '0x0', '1e3', '4294967295', '4294967296', '9007199254740993', 'NaN', 'null', 'true'],
  ...['root', '__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'],
];

const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -0, -1, 1.5, 1e308, 2 ** 53, -(2 ** 31), 4_294_967_295, 4_294_967_296],
  ...[[], {}, [[]], [null], {'': ''}, [{}], 'x'.repeat(70_000)],
];

const odd = (random: Random): unknown => (random.once(2) ? random.pick(ODD) : random.pick(VALUES));

/** A document with some places changed, removed, doubled or exchanged. */
export const mutateDocument = (document: unknown, random: Random): unknown => {
  if (random.once(12)) return odd(random);
  if (typeof document === 'string' && random.once(6)) {
    const at = random.below(document.length + 1);
    return document.slice(0, at) + random.pick(ODD) + document.slice(at + random.below(3));
  }
  if (Array.isArray(document)) {
    const list = document.flatMap((value) =>
      random.once(15) ? [] : random.once(15) ? [value, value] : [mutateDocument(value, random)],
    );
    return random.once(15) ? [...list, odd(random)] : list;
  }
  if (typeof document !== 'object' || document === null) return document;
  const entries = Object.entries(document).flatMap(([key, value]): [string, unknown][] =>
    random.once(20)
      ? []
      : [[random.once(25) ? random.pick(ODD) : key, random.once(3) ? mutateDocument(value, random) : value]],
  );
  if (random.once(12)) entries.push([random.pick(ODD), odd(random)]);
  return Object.fromEntries(entries);
};

/** Bytes with some exchanged, removed, doubled or cut off. */
export const mutateBytes = (bytes: Buffer, random: Random, times: number): Buffer => {
  let changed = Buffer.from(bytes);
  for (let count = random.below(times + 1); count > 0 && changed.length > 0; count--) {
    const at = random.below(changed.length);
    switch (random.below(5)) {
      case 0:
        changed[at] = random.below(256);
        break;
      case 1:
        changed[at] = (changed[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 2:
        changed = Buffer.concat([changed.subarray(0, at), changed.subarray(at + 1 + random.below(16))]);
        break;
      case 3:
        changed = Buffer.concat([changed.subarray(0, at), Buffer.from(random.pick(ODD)), changed.subarray(at)]);
        break;
      default:
        if (random.once(4)) changed = changed.subarray(0, at);
    }
  }
  return changed;
};

/** JSON text of a document, now and then with what no serializer writes. */
export const mutateJson = (document: unknown, random: Random): Buffer => {
  let text = JSON.stringify(mutateDocument(document, random)) ?? '';
  if (random.once(10)) text = text.replace(/"(\w+)":/, (whole, key: string) => `"${key}":${random.below(9)},${whole}`);
  if (random.once(40)) text = `${'['.repeat(50_000)}${text}`;
  if (random.once(40)) text = text.replace(':', `:${'{"a":'.repeat(5000)}`);
  return random.once(6) ? mutateBytes(Buffer.from(text), random, 4) : Buffer.from(text);
};
