import {globSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import type {Declaration, Flavor} from '@rkt/core/contract';
import {CONTRACT_VERSION} from '@rkt/core/contract';
import {apiReport} from './api-report.ts';
import {codesOfPrograms} from './codes-of-programs.ts';
import {commentsOfNames} from './comments-of-names.ts';
import {root, withCompiler} from './compiler.ts';
import {contractReference} from './contract-reference.ts';
import {errorSources} from './error-codes.ts';
import {errorPages} from './error-pages.ts';
import {declarationTable, flavorComparison, flavorSummary} from './flavor-tables.ts';
import {withSection} from './section.ts';
import {surfaceOf} from './surface.ts';

/** The report of the stage contract, of which nothing may go before its major version moves. */
export const CONTRACT_REPORT = 'core/CONTRACT.txt';

const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const versionOf = (directory: string): string =>
  (JSON.parse(read(`${directory}/package.json`)) as {version: string}).version;

/** The flavors that come with rkt, by name. */
const declarations = async (): Promise<Declaration[]> => {
  const found = readdirSync(path.join(root, 'flavors'), {withFileTypes: true}).filter((entry) => entry.isDirectory());
  const flavors = found.map(({name}) => import(`@rkt/flavor-${name}`) as Promise<{default: Flavor}>);
  return (await Promise.all(flavors))
    .map(({default: {declaration}}) => declaration)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
};

/** Files that may make errors, in order. */
export const errorFiles = (): string[] => globSync('{core,plugin-sdk,flavors/*}/src/**/*.ts', {cwd: root}).sort();

/** Every text of the repository that is generated, by its file: what is there is to be the same. */
export const documents = async (): Promise<Map<string, string>> => {
  const flavors = await declarations();
  const texts = withCompiler((compiler) => {
    const contract = surfaceOf(compiler, 'core/src/contract/index.ts');
    const ofContract = new Set(contract.map(({name}) => name));
    const beyond = (file: string) =>
      surfaceOf(compiler, file, 'core/src/contract/index.ts').filter(({name}) => !ofContract.has(name));
    const names = commentsOfNames(read('core/src/contract/declaration.ts'));
    return {
      'core/API.txt': apiReport(`@rkt/core ${versionOf('core')}`, beyond('core/src/index.ts')),
      [CONTRACT_REPORT]: apiReport(`@rkt/core/contract ${CONTRACT_VERSION}`, contract),
      'core/ERRORS.md': errorPages([...errorSources(compiler, errorFiles()), ...codesOfPrograms()]),
      'plugin-sdk/API.txt': apiReport(`@rkt/plugin-sdk ${versionOf('plugin-sdk')}`, beyond('plugin-sdk/src/index.ts')),
      'plugin-sdk/CONTRACT.md': contractReference(CONTRACT_VERSION, contract, names),
    };
  });
  return new Map<string, string>([
    ...Object.entries(texts),
    ['flavors/README.md', flavorComparison(flavors)],
    ['README.md', withSection(read('README.md'), 'flavors', flavorSummary(flavors))],
    ...flavors.map((declaration): [string, string] => {
      const file = `flavors/${declaration.name}/README.md`;
      return [file, withSection(read(file), 'declaration', declarationTable(declaration))];
    }),
  ]);
};
