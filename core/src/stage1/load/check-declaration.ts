import * as z from 'zod/mini';
import {declaration, FEATURES, FEATURES_SINCE, VERBS} from '../../contract/declaration.ts';
import {CONTRACT_VERSION, type Flavor} from '../../contract/flavor.ts';
import {isolatorNames} from '../../contract/isolators.ts';
import {contractUnsupported, flavorDeclarationInvalid} from '../errors.ts';
import {pathOf} from '../path-of.ts';
import {requiredProgram} from './required-program.ts';

/**
 * Makes sure that a declaration is for this contract and says something about every name in it.
 * @throws RKT_CONTRACT_UNSUPPORTED, RKT_FLAVOR_DECLARATION_INVALID
 */
export const checkDeclaration = (value: Flavor['declaration'], source: string): void => {
  checkContract(value, source);
  const result = z.safeParse(declaration, value);
  if (!result.success) {
    const [issue] = result.error.issues;
    const problem =
      issue?.code === 'unrecognized_keys' ? `unknown: ${issue.keys.join(', ')}` : (issue?.message ?? 'is invalid');
    throw flavorDeclarationInvalid(source, pathOf(issue?.path ?? []), problem);
  }
  refuseUnproved(value, source);
  const minor = Number(value.contract.split('.')[1]);
  const features = FEATURES.filter((name) => (FEATURES_SINCE[name] ?? 0) <= minor);
  const promised = {isolators: isolatorNames, features, verbs: VERBS};
  const missing = Object.entries(promised).flatMap(([kind, names]) => {
    const declared = value[kind as keyof typeof promised];
    return names.filter((name) => !Object.hasOwn(declared, name)).map((name) => ({kind, name}));
  });
  if (missing.length > 0) {
    const kinds = new Set(missing.map(({kind}) => kind));
    const where = kinds.size === 1 ? `.${missing[0]?.kind}` : '';
    throw flavorDeclarationInvalid(source, where, `says nothing about ${missing.map(({name}) => name).join(', ')}`);
  }
  checkPrograms(value, source);
};

/** Nobody has to take the word of a flavor that could give proof. */
const refuseUnproved = (value: Flavor['declaration'], source: string): void => {
  for (const kind of ['isolators', 'features', 'verbs'] as const) {
    const name = Object.entries(value[kind]).find(([, {level}]) => level === 'unproved')?.[0];
    if (name !== undefined) {
      const problem = 'is "unproved", which only a stage1 image made for rkt is';
      throw flavorDeclarationInvalid(source, `.${kind}["${name}"].level`, problem);
    }
  }
};

/** The core finds out about the programs that are named, and takes others for not installed. */
const checkPrograms = ({programs = [], ...value}: Flavor['declaration'], source: string): void => {
  for (const kind of ['isolators', 'features', 'verbs'] as const) {
    for (const [name, support] of Object.entries(value[kind])) {
      const required = 'requires' in support ? (support.requires ?? []) : [];
      const unnamed = required.find((each) => {
        const program = requiredProgram(each);
        return program !== undefined && !programs.includes(program);
      });
      if (unnamed !== undefined) {
        const problem = `requires "${unnamed}", and .programs does not name it`;
        throw flavorDeclarationInvalid(source, `.${kind}["${name}"]`, problem);
      }
    }
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
