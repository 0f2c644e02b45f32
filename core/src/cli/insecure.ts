import type {InsecureOption} from '../settings.ts';
import {suggest} from '../suggest.ts';
import {flagValueInvalid} from './errors.ts';

const ALL_FETCH = ['image', 'tls', 'http', 'pubkey'] as const;
const ALL_RUN = ['capabilities', 'paths', 'seccomp'] as const;

/** Options of `--insecure-options` and what they stand for; `ondisk` has no effect any more. */
const MEANING: Readonly<Record<string, readonly InsecureOption[]>> = {
  none: [],
  image: ['image'],
  tls: ['tls'],
  ondisk: ['ondisk'],
  http: ['http'],
  pubkey: ['pubkey'],
  capabilities: ['capabilities'],
  paths: ['paths'],
  seccomp: ['seccomp'],
  'all-fetch': ALL_FETCH,
  'all-run': ALL_RUN,
  all: [...ALL_FETCH, ...ALL_RUN],
};

export const INSECURE_OPTIONS = Object.keys(MEANING);

/** Expands the values of `--insecure-options`. */
export const parseInsecureOptions = (values: readonly string[]): ReadonlySet<InsecureOption> => {
  const options = new Set<InsecureOption>();
  for (const word of values.flatMap((value) => value.split(','))) {
    const meaning = Object.hasOwn(MEANING, word) ? MEANING[word] : undefined;
    if (meaning === undefined) {
      const [near] = suggest(word, INSECURE_OPTIONS);
      throw flagValueInvalid(
        'insecure-options',
        values.join(','),
        `"${word}" is not a security feature`,
        near === undefined ? `choose from ${INSECURE_OPTIONS.join(', ')}` : `did you mean ${near}?`,
      );
    }
    for (const option of meaning) options.add(option);
  }
  return options;
};
