import {existsSync, readdirSync} from 'node:fs';
import {basename, join} from 'node:path';

/** A program that runs scripts, and where this host has the library that they and it take for granted. */
export interface MissingLibrary {
  readonly program: string;
  readonly directory: string;
}

const LANGUAGES: readonly {readonly program: RegExp; readonly libraries: (version: string) => readonly string[]}[] = [
  {
    program: /^python(\d+\.\d+)$/,
    libraries: (version) => ['/usr/lib', '/usr/lib64', '/usr/local/lib'].map((parent) => `${parent}/python${version}`),
  },
  {
    program: /^perl[\d.]*$/,
    libraries: () => [
      ...below('/usr/lib').map((directory) => `${directory}/perl-base`),
      ...['/usr/lib64/perl5', '/usr/lib/perl5', '/usr/share/perl5', '/usr/local/lib/perl5'],
    ],
  },
  {program: /^ruby[\d.]*$/, libraries: () => ['/usr/lib/ruby', '/usr/share/ruby', '/usr/local/lib/ruby']},
  {program: /^tclsh[\d.]*$/, libraries: () => ['/usr/share/tcltk', '/usr/share/tcl', '/usr/local/lib/tcl']},
];

const below = (directory: string): string[] =>
  existsSync(directory) ? readdirSync(directory).map((name) => join(directory, name)) : [];

/** Script languages among files of the host whose library has not come into a root file system with them. */
export const missingLibraries = (files: readonly string[], root: string): MissingLibrary[] =>
  files.flatMap((file) => {
    const name = basename(file);
    return LANGUAGES.flatMap(({program, libraries}) => {
      const match = program.exec(name);
      const here = match === null ? [] : libraries(match[1] ?? '').filter((directory) => existsSync(directory));
      const [directory] = here;
      const staged = here.some((path) => below(join(root, path)).length > 0);
      return directory === undefined || staged ? [] : [{program: name, directory}];
    });
  });
