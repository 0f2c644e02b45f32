import type {Flavor} from '../../contract/flavor.ts';
import {askedFlavor} from './asked-flavor.ts';
import {checkHooks} from './check-hooks.ts';
import {startConversation} from './conversation.ts';
import {executableFlavor, isExecutable} from './executable-flavor.ts';
import {guardHooks} from './guard-hooks.ts';

/**
 * A flavor of somebody else's: a program, or a module of JavaScript in a process of its own.
 * @param copy the packages that it is made of, if it is a copy of them
 * @param note told what a module writes
 * @throws RKT_FLAVOR_HOOK_INVALID, what the module throws, and all that asking throws
 */
export const outsideFlavor = (
  source: string,
  {copy, note}: Pick<NonNullable<Parameters<typeof startConversation>[1]>, 'copy' | 'note'>,
): Flavor => {
  const candidate = isExecutable(source)
    ? executableFlavor(source)
    : askedFlavor(source, startConversation(source, {copy, note}));
  return guardHooks(checkHooks(candidate, source));
};
