import {constants, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {directoryBeside} from '../../linux/directory-beside.ts';
import {O_PATH, openHost} from '../../linux/openat2.ts';
import {renameNoReplace} from '../../linux/rename.ts';
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
  using place = openHost(parent, O_PATH | constants.O_DIRECTORY);
  using beside = directoryBeside(place);
  if (beside === undefined) throw flavorDirectoryExists(directory);
  const made = path.join(beside.directory.path, name);
  for (const file of filesIn(template)) {
    const copy = path.join(made, path.relative(template, file));
    mkdirSync(path.dirname(copy), {recursive: true});
    writeFileSync(copy, readFileSync(file, 'utf8').replaceAll(PLACEHOLDER, name), {flag: 'wx'});
  }
  const link = path.join(made, 'node_modules', SDK);
  mkdirSync(path.dirname(link), {recursive: true});
  symlinkSync(path.dirname(manifest as string), link); // where the template is
  try {
    renameNoReplace(made, path.join(place.path, name));
  } catch (error) {
    throw isErrno(error, 'EEXIST', 'ENOTEMPTY', 'ENOTDIR') ? flavorDirectoryExists(directory) : error;
  }
  return directory;
};

const filesIn = (directory: string): string[] =>
  readdirSync(directory, {recursive: true, withFileTypes: true})
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
