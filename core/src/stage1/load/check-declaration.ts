import * as z from 'zod/mini';
import {declaration, FEATURES, FEATURES_SINCE, VERBS} from '../../contract/declaration.ts';
import {CONTRACT_VERSION, type Flavor} from '../../contract/flavor.ts';
import {isolatorNames} from '../../contract/isolators.ts';
import {contractUnsupported, flavorDeclarationInvalid} from '../errors.ts';
import {pathOf} from '../path-of.ts';

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
  const minor = Number(value.contract.split('.')[1]);
  const features = FEATURES.filter((name) => (FEATURES_SINCE[name] ?? 0) <= minor);
  const promised = {isolators: isolatorNames, features, verbs: VERBS};
  for (const [kind, names] of Object.entries(promised)) {
    const declared = value[kind as keyof typeof promised];
    for (const name of names) {
      if (!Object.hasOwn(declared, name))
        throw flavorDeclarationInvalid(source, `.${kind}`, `says nothing about ${name}`);
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
