import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {isErrno} from '../../linux/syscall-error.ts';
import {flavorDirectoryExists, flavorNameInvalid, flavorTemplateMissing} from '../errors.ts';
import {findPackage, ownTrees} from './package-trees.ts';

/** The name of the package in the template. */
const PLACEHOLDER = 'my-flavor';
const SDK = '@rkt/plugin-sdk';
const NAME = /^[a-z0-9]+(-[a-z0-9]+)*$/;

/**
 * Makes a package of a flavor that runs pods, in a directory that is there whole or not at all. It finds the SDK that rkt is installed with, until npm has installed another.
 * @returns the directory
 * @throws RKT_FLAVOR_NAME_INVALID, RKT_FLAVOR_DIRECTORY_EXISTS, RKT_FLAVOR_TEMPLATE_MISSING
 */
export const newFlavor = (name: string, parent: string): string => {
  if (!NAME.test(name) || name.length > 64) throw flavorNameInvalid(name);
  const directory = path.join(parent, name);
  if (existsSync(directory)) throw flavorDirectoryExists(directory);
  const manifest = findPackage(`${SDK}/package.json`, ownTrees());
  const template = manifest && path.join(path.dirname(manifest), 'template');
  if (template === undefined || !existsSync(template)) throw flavorTemplateMissing(SDK);
  const temporary = path.join(parent, `.${name}.${process.pid}`);
  mkdirSync(temporary);
  try {
    cpSync(template, temporary, {recursive: true});
    for (const file of filesIn(temporary)) {
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll(PLACEHOLDER, name));
    }
    const link = path.join(temporary, 'node_modules', SDK);
    mkdirSync(path.dirname(link), {recursive: true});
    symlinkSync(path.dirname(manifest as string), link); // where the template is
    renameSync(temporary, directory);
  } catch (error) {
    rmSync(temporary, {recursive: true, force: true});
    throw isErrno(error, 'EEXIST', 'ENOTEMPTY', 'ENOTDIR') ? flavorDirectoryExists(directory) : error;
  }
  return directory;
};

const filesIn = (directory: string): string[] =>
  readdirSync(directory, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
