import * as z from 'zod/mini';
import {declaration, FEATURES, VERBS} from '../contract/declaration.ts';
import {CONTRACT_VERSION, type Flavor, HOOKS} from '../contract/flavor.ts';
import {isolatorNames} from '../contract/isolators.ts';
import {contractUnsupported, flavorDeclarationInvalid, flavorHookInvalid} from './errors.ts';

/**
 * Makes sure that `candidate` is a flavor for this contract before any of its code is called.
 * @param source where it came from, for the error
 */
export const checkFlavor = (candidate: unknown, source: string): Flavor => {
  if (typeof candidate !== 'object' || candidate === null) {
    throw flavorHookInvalid(source, 'default export', 'is not an object');
  }
  checkHooks(candidate, source);
  const flavor = candidate as Flavor;
  checkContract(flavor.declaration, source);
  checkDeclaration(flavor.declaration, source);
  return flavor;
};

const checkHooks = (candidate: object, source: string): void => {
  for (const name of Object.keys(candidate)) {
    if (!Object.hasOwn(HOOKS, name)) throw flavorHookInvalid(source, name, 'is not a hook of the contract');
  }
  for (const [name, need] of Object.entries(HOOKS)) {
    const value = (candidate as Record<string, unknown>)[name];
    const wanted = name === 'declaration' ? 'object' : 'function';
    if (value === undefined && need === 'optional') continue;
    if (typeof value !== wanted || value === null) throw flavorHookInvalid(source, name, `is not a ${wanted}`);
  }
};

const checkContract = ({name, contract}: Flavor['declaration'], source: string): void => {
  const range = /^\^(\d+)\.(\d+)(\.\d+)?$/.exec(String(contract));
  if (range === null) throw flavorDeclarationInvalid(source, '.contract', `"${contract}" is not a range like ^1.0`);
  const [major, minor] = CONTRACT_VERSION.split('.').map(Number);
  if (Number(range[1]) !== major || Number(range[2]) > (minor ?? 0)) {
    throw contractUnsupported(String(name), String(contract), CONTRACT_VERSION);
  }
};

const checkDeclaration = (value: Flavor['declaration'], source: string): void => {
  const result = z.safeParse(declaration, value);
  if (!result.success) {
    const [issue] = result.error.issues;
    throw flavorDeclarationInvalid(source, pathOf(issue?.path ?? []), issue?.message ?? 'is invalid');
  }
  const promised = {isolators: isolatorNames, features: FEATURES, verbs: VERBS};
  for (const [kind, names] of Object.entries(promised)) {
    const declared = value[kind as keyof typeof promised];
    for (const name of names) {
      if (!Object.hasOwn(declared, name))
        throw flavorDeclarationInvalid(source, `.${kind}`, `says nothing about ${name}`);
    }
  }
};

/** `.isolators["resource/memory"].level` */
export const pathOf = (path: readonly PropertyKey[]): string =>
  path.map((key) => (typeof key === 'string' && /^\w+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`)).join('');
