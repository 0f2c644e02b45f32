import {CONTRACT_VERSION, type Flavor} from '../../contract/flavor.ts';
import {flavorAnswerInvalid} from '../errors.ts';

/**
 * Asks a flavor that is elsewhere for one hook.
 * @param name of the flavor, for errors
 * @param request what the hook is asked with, by its parameters' names
 */
export type Ask = (name: string, hook: string, request: object) => unknown;

/** What a hook is asked with, in this order. */
const PARAMETERS: Readonly<Record<Exclude<keyof Flavor, 'declaration'>, readonly string[]>> = {
  probe: ['host'],
  filesystem: ['pod', 'host'],
  environment: ['pod', 'host'],
  launch: ['pod', 'host'],
  appCgroup: ['pod', 'app'],
  appProcess: ['pod', 'app'],
  enter: ['pod', 'app', 'command', 'host'],
  stop: ['pod', 'force'],
};

interface Answer {
  readonly declaration?: {readonly name?: unknown};
  /** Names of functions that there are. */
  readonly hooks?: unknown;
  /** And of what else there is, wherever that can be. */
  readonly others?: unknown;
}

const namesIn = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/**
 * A flavor that is asked: for its declaration with the names of its hooks at once, and for each hook when it is called.
 * @param always hooks that it has whether it names them or not
 * @throws RKT_FLAVOR_ANSWER_INVALID, what `ask` throws
 */
export const askedFlavor = (source: string, ask: Ask, always: readonly string[] = []): unknown => {
  const answer = ask(source, 'declaration', {contract: CONTRACT_VERSION}) as Answer | null | undefined;
  // No flavor: checkHooks() has the words.
  if (answer === null || answer === undefined) return answer;
  const {declaration, hooks, others} = answer;
  if (!Array.isArray(hooks)) {
    throw flavorAnswerInvalid(source, 'declaration', 'an object without "declaration" and "hooks"');
  }
  const name = typeof declaration?.name === 'string' ? declaration.name : source;
  const hookOf = (hook: string) => {
    const parameters = Object.hasOwn(PARAMETERS, hook) ? PARAMETERS[hook as keyof typeof PARAMETERS] : [];
    return (...given: readonly unknown[]) =>
      ask(name, hook, Object.fromEntries(parameters.map((each, index) => [each, given[index]])));
  };
  const named = [...new Set([...always, ...namesIn(hooks)])].filter((hook) => hook !== 'declaration');
  return {
    declaration,
    ...Object.fromEntries(namesIn(others).map((other) => [other, null])),
    ...Object.fromEntries(named.map((hook) => [hook, hookOf(hook)])),
  };
};
