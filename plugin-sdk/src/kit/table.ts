import {FEATURES, isolatorNames, VERBS} from '@rkt/core/contract';
import {type Case, makeTable, type Need} from './case.ts';
import {declarationCases} from './cases/declaration.ts';
import {endCases} from './cases/ends.ts';
import {enterCases} from './cases/enter.ts';
import {hostileCases} from './cases/hostile.ts';
import {isolatorCases} from './cases/isolators.ts';
import {lifeCases} from './cases/life.ts';
import {machineCases} from './cases/machines.ts';
import {streamCases} from './cases/streams.ts';
import {surroundingCases} from './cases/surroundings.ts';

/** Every case of the kit. */
export const table: readonly Case[] = makeTable([
  ...endCases,
  ...streamCases,
  ...isolatorCases,
  ...surroundingCases,
  ...enterCases,
  ...hostileCases,
  ...declarationCases,
  ...lifeCases,
  ...machineCases,
]);

const NO_COMMAND = 'rkt has no such command yet';

/** What a flavor can declare and no case is about, and why. */
export const untried: Readonly<Partial<Record<Need, string>>> = {
  'app-add': NO_COMMAND,
  'app-rm': NO_COMMAND,
  'app-start': NO_COMMAND,
  'app-stop': NO_COMMAND,
  attach: NO_COMMAND,
  'network/named': 'rkt has no named networks yet',
  'network/prepared': 'no command of rkt asks for it',
  'os/linux/apparmor-profile': 'it needs a profile that is loaded on the host',
  'os/linux/selinux-context': 'it needs a policy of the host',
  ports: 'rkt has no named networks yet',
  'resource/network-bandwidth': 'rkt has no named networks yet',
  stats: NO_COMMAND,
  'stdio/inherited': 'the streams of the kit are pipes',
  'stdio/terminal': 'the kit has no terminal',
  watchdog: 'the apps of the kit tell nobody that they are alive',
};

/** Names of the contract that neither a case nor {@link untried} knows: none. */
export const uncovered = (): string[] => {
  const known = new Set<string>([...table.flatMap(({needs}) => needs), ...Object.keys(untried)]);
  return [...isolatorNames, ...FEATURES, ...VERBS].filter((name) => !known.has(name));
};
