import {createHash} from 'node:crypto';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import path from 'node:path';
import process from 'node:process';

const SOURCES = ['src', 'guest', 'build', 'bin', 'package.json', 'tsconfig.build.json'];

const filesIn = (file: string): string[] => {
  if (!existsSync(file)) return [];
  const entries = readdirSync(path.dirname(file), {withFileTypes: true});
  return entries.find(({name}) => name === path.basename(file))?.isDirectory()
    ? readdirSync(file)
        .sort()
        .flatMap((name) => filesIn(path.join(file, name)))
    : [file];
};

/**
 * What a build is made of, as one hash: the packages' sources, the versions of tools, and who builds, for only root can train the code cache.
 * @param root the top level
 * @param packages directories below it
 */
export const stampOf = (root: string, packages: readonly string[]): string => {
  const hash = createHash('sha256').update(
    `${process.version} ${process.getuid?.()} ${existsSync('/usr/bin/bsdtar')} ${existsSync('/usr/bin/systemd-nspawn')} ${existsSync('/usr/bin/cc')}\n`,
  );
  const all = [
    'package-lock.json',
    'tsconfig.json',
    ...packages.flatMap((name) => SOURCES.map((entry) => `${name}/${entry}`)),
  ];
  for (const file of all.flatMap((name) => filesIn(path.join(root, name)))) {
    hash.update(`${path.relative(root, file)}\n`).update(readFileSync(file));
  }
  return hash.digest('hex');
};
