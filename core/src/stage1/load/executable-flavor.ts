import path from 'node:path';
import {HOOKS} from '../../contract/flavor.ts';
import {isProgram} from '../../linux/programs.ts';
import {askExecutable} from './ask-executable.ts';
import {askedFlavor} from './asked-flavor.ts';

const MODULES = new Set(['.js', '.cjs', '.mjs', '.ts', '.cts', '.mts', '.json', '.node']);

/** Whether a file is a module of JavaScript, by its name. */
export const isModule = (file: string): boolean => MODULES.has(path.extname(file));

/** Whether a file is a program and no module of JavaScript. */
export const isExecutable = (file: string): boolean => !isModule(file) && isProgram(file);

/** What every flavor has, so that a program need not say so. */
const REQUIRED = Object.entries(HOOKS).flatMap(([hook, need]) =>
  need === 'required' && hook !== 'declaration' ? [hook] : [],
);

/**
 * A flavor that is an executable in whatever language.
 * @throws what {@link askExecutable} and {@link askedFlavor} throw
 */
export const executableFlavor = (source: string): unknown => {
  const waited = {milliseconds: 0};
  return askedFlavor(source, (name, hook, request) => askExecutable({source, name}, hook, request, {waited}), REQUIRED);
};
