import path from 'node:path';
import {CONTRACT_VERSION, type Flavor, HOOKS} from '../../contract/flavor.ts';
import {isProgram} from '../../linux/programs.ts';
import {flavorAnswerInvalid} from '../errors.ts';
import {askExecutable} from './ask-executable.ts';

const MODULES = new Set(['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts', '.json', '.node']);

/** Whether a file is a program and no module of JavaScript. */
export const isExecutable = (file: string): boolean => !MODULES.has(path.extname(file)) && isProgram(file);

/** What a hook is asked with, by its parameters' names. */
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

/**
 * A flavor that is an executable in whatever language. It is asked for its declaration with the names of its hooks at once, and for each hook when it is called.
 * @throws what {@link askExecutable} throws
 */
export const executableFlavor = (source: string): unknown => {
  const answer = askExecutable({source, name: source}, 'declaration', {contract: CONTRACT_VERSION});
  const {declaration, hooks} = (answer ?? {}) as {declaration?: {name?: unknown}; hooks?: unknown};
  if (declaration === undefined || !Array.isArray(hooks)) {
    throw flavorAnswerInvalid(source, 'declaration', 'an object without "declaration" and "hooks"');
  }
  const name = typeof declaration?.name === 'string' ? declaration.name : source;
  const ask = (hook: string) => {
    const parameters = Object.hasOwn(PARAMETERS, hook) ? PARAMETERS[hook as keyof typeof PARAMETERS] : [];
    return (...given: readonly unknown[]) =>
      askExecutable({source, name}, hook, Object.fromEntries(parameters.map((each, index) => [each, given[index]])));
  };
  const required = Object.entries(HOOKS).flatMap(([hook, need]) =>
    need === 'required' && hook !== 'declaration' ? [hook] : [],
  );
  const named = [...new Set([...required, ...hooks.map(String)])].filter((hook) => hook !== 'declaration');
  return {declaration, ...Object.fromEntries(named.map((hook) => [hook, ask(hook)]))};
};
