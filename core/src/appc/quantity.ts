import * as z from 'zod/mini';
import {RktError} from '../rkt-error.ts';
import {quantityInvalid} from './errors.ts';
import {shorten} from './shorten.ts';

/** Whether amounts are counted in the unit itself (bytes) or in thousandths of it (of a core). */
export type Scale = 'whole' | 'milli';

/** Greatest amount that the contract's integers hold. */
export const MAX_QUANTITY = BigInt(Number.MAX_SAFE_INTEGER);
/** Nobody writes longer ones; BigInt would take them. */
export const MAX_QUANTITY_LENGTH = 64;

const decimal = ['', 'K', 'M', 'G', 'T', 'P', 'E'];
const binary = ['Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];

/** Thousandths of the unit that a suffix stands for. `k` is what the reference implementation writes for `K`. */
const thousandths: ReadonlyMap<string, bigint> = new Map([
  ['m', 1n],
  ['k', 1000n ** 2n],
  ...decimal.map((suffix, i): [string, bigint] => [suffix, 1000n ** BigInt(i + 1)]),
  ...binary.map((suffix, i): [string, bigint] => [suffix, 1000n * 1024n ** BigInt(i + 1)]),
]);

const QUANTITY = /^([0-9]+)(?:\.([0-9]+))?([A-Za-z]*)$/;

/**
 * Reads an amount of a resource (appc EX-52) exactly, as a number of base units: `1.5Gi`, `0.3`, `300m`. What is not whole in base units is rounded up,
 * as rkt always did. Signs, exponents and amounts above {@link MAX_QUANTITY} are refused with `RKT_QUANTITY_INVALID`.
 */
export const parseQuantity = (text: string, scale: Scale): number => {
  const fail = (reason: string) => quantityInvalid(shorten(text), reason);
  if (text.length > MAX_QUANTITY_LENGTH) throw fail(`longer than ${MAX_QUANTITY_LENGTH} characters`);
  const match = QUANTITY.exec(text);
  if (match === null) throw fail('not a number with a suffix');
  const [, whole = '', fraction = '', suffix = ''] = match;
  const factor = thousandths.get(suffix);
  if (factor === undefined) throw fail(`unknown suffix "${suffix}"`);
  const perUnit = (scale === 'milli' ? 1n : 1000n) * 10n ** BigInt(fraction.length);
  const amount = (BigInt(whole + fraction) * factor + perUnit - 1n) / perUnit;
  if (amount > MAX_QUANTITY) throw fail('too large');
  return Number(amount);
};

/** Writes an amount with the largest suffix that keeps it exact; {@link parseQuantity} reads it back. */
export const formatQuantity = (amount: number, scale: Scale): string => {
  if (scale === 'milli') return amount % 1000 === 0 ? formatQuantity(amount / 1000, 'whole') : `${amount}m`;
  const suffix =
    amount === 0
      ? undefined
      : [...binary.toReversed(), ...decimal.slice(1).toReversed()].find((name) => isMultiple(amount, name));
  return suffix === undefined ? String(amount) : `${BigInt(amount) / unitsOf(suffix)}${suffix}`;
};

const unitsOf = (suffix: string): bigint => (thousandths.get(suffix) ?? 1000n) / 1000n;
const isMultiple = (amount: number, suffix: string): boolean => BigInt(amount) % unitsOf(suffix) === 0n;

/** An amount in a manifest, as a string or as a number of units, to base units. */
export const quantity = (scale: Scale) =>
  z.pipe(
    z.union([z.string(), z.number()], 'a quantity such as "500m", "1.5G" or "64Mi"'),
    z.transform((value, context) => {
      try {
        return parseQuantity(String(value), scale);
      } catch (error) {
        if (!(error instanceof RktError)) throw error;
        context.issues.push({
          code: 'custom',
          message: `a quantity such as "500m", "1.5G" or "64Mi": ${error.fields.reason}`,
          input: value,
        });
        return z.NEVER;
      }
    }),
  );
