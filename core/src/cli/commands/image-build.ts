import {chmodSync, mkdirSync} from 'node:fs';
import {join, resolve} from 'node:path';
import type {ImageManifest} from '../../appc/image-manifest.ts';
import type {HostPath} from '../../contract/names.ts';
import {type Addition, addFiles} from '../../image/build/add-files.ts';
import {BUILD_COMPRESSIONS, type BuildCompression, buildImage} from '../../image/build/build-image.ts';
import {makeManifest} from '../../image/build/make-manifest.ts';
import {type MissingLibrary, missingLibraries} from '../../image/build/missing-libraries.ts';
import {stageHostFiles} from '../../image/build/stage-host-files.ts';
import {scratchDirectory} from '../../linux/scratch-directory.ts';
import {defineCommand, type FlagValues} from '../command.ts';
import {argumentMissing, argumentUnexpected, flagConflict, flagValueInvalid} from '../errors.ts';
import {readOperatorFile} from '../grammar/operator-file.ts';
import {sourceDateEpoch} from '../source-date-epoch.ts';

const flags = {
  add: {
    type: 'list',
    value: 'HOST:TARGET',
    help: 'with --from-host: a file or directory of this host, and where it goes in the image',
  },
  compression: {
    type: 'string',
    value: 'KIND',
    choices: BUILD_COMPRESSIONS,
    default: 'none',
    help: 'how to compress the image; its ID does not depend on it',
  },
  exec: {type: 'list', value: 'ARG', mayBeEmpty: true, help: 'the program to run, and again for each of its arguments'},
  'from-host': {
    type: 'boolean',
    help: 'build from programs of this host and the libraries they need, and from directories with all that is in them',
  },
  group: {type: 'string', value: 'GROUP', help: 'group of the app (default 0)'},
  label: {type: 'list', value: 'KEY=VALUE', help: 'a label; os and arch default to those of this host'},
  manifest: {
    type: 'string',
    value: 'FILE',
    help: 'image manifest in YAML or JSON, instead of the flags that describe one',
  },
  name: {type: 'string', value: 'NAME', help: 'name of the image: example.com/web'},
  output: {type: 'string', short: 'o', value: 'FILE.aci', help: 'the file to write'},
  overwrite: {type: 'boolean', help: 'replace an existing file'},
  user: {type: 'string', value: 'USER', help: 'user of the app (default 0)'},
} as const;
type Given = FlagValues<typeof flags>;

export const command = defineCommand({
  name: 'image build',
  summary: 'Build an image from a directory or from programs of this host',
  usage: '[flags] DIRECTORY | --from-host PROGRAM|DIRECTORY…',
  description:
    'Writes an image whose root file system is DIRECTORY. Owners, modes, extended attributes and links are kept, times are not: the same files ' +
    'give the same image, byte for byte. Files of the ordinary user who builds it belong to root in the image, as they do in the pods of that user. SOURCE_DATE_EPOCH sets the time of all files (default 0).',
  flags,
  examples: [
    {command: 'rkt image build ./rootfs --name=example.com/web --exec=/bin/web -o web.aci', does: 'builds web.aci'},
    {
      command: 'rkt image build --from-host sh ls --name=example.com/shell --exec=/bin/sh -o shell.aci',
      does: 'builds an image with the shell and ls of this host',
    },
    {
      command:
        'rkt image build --from-host sh /usr/lib/locale --add=./rootfs:/srv/site --name=example.com/site --exec=/bin/sh -o site.aci',
      does: 'the same with a directory of this host and files of your own',
    },
    {command: 'rkt image build ./rootfs --manifest=web.yaml -o web.aci', does: 'takes the manifest from a file'},
  ],
  async run({output, format, note}, {flags: given, positionals}) {
    const [first, second] = positionals;
    if (first === undefined) throw argumentMissing(command.name, given['from-host'] ? 'PROGRAM' : 'DIRECTORY');
    if (!given['from-host'] && second !== undefined) throw argumentUnexpected(command.name, second);
    if (given.output === undefined) throw argumentMissing(command.name, '-o FILE.aci');
    if (!given['from-host'] && given.add.length > 0)
      throw flagConflict('--add', 'DIRECTORY', 'put the files into DIRECTORY, or build with --from-host');
    const additions = given.add.map(parseAddition);
    const manifest = await manifestOf(given);
    using staging = given['from-host'] ? scratchDirectory('rkt-from-host-') : undefined;
    const id = await buildImage({
      directory: (staging === undefined
        ? resolve(first)
        : stage(positionals, additions, staging.path, note)) as HostPath,
      manifest,
      output: given.output,
      overwrite: given.overwrite,
      compression: given.compression as BuildCompression, // one of the flag's choices
      mtime: sourceDateEpoch(),
      ownedByRoot: staging !== undefined,
    });
    if (format === 'text') output.line(id);
    else output.value({id, file: resolve(given.output)}, format);
    return 0;
  },
});

const DESCRIBING = ['exec', 'group', 'label', 'name', 'user'] as const;

const manifestOf = async (given: Given): Promise<ImageManifest> => {
  if (given.manifest === undefined) {
    if (given.exec[0] === '') throw flagValueInvalid('exec', '', 'the program is empty', 'for example --exec=/bin/web');
    if (given.name === undefined) throw argumentMissing('image build', '--name=NAME or --manifest=FILE');
    return makeManifest({
      name: given.name,
      labels: given.label,
      exec: given.exec,
      user: given.user,
      group: given.group,
    });
  }
  for (const flag of DESCRIBING) {
    const value = given[flag];
    if (Array.isArray(value) ? value.length > 0 : value !== undefined) throw flagConflict(`--${flag}`, '--manifest');
  }
  const {readImageManifest} = await import('../../appc/read-manifest.ts');
  return readImageManifest(Buffer.from(readOperatorFile('manifest', given.manifest)));
};

const parseAddition = (text: string): Addition => {
  const match = /^(.+?):(\/.*)$/s.exec(text);
  if (match?.[1] === undefined || match[2] === undefined)
    throw flagValueInvalid(
      'add',
      text,
      'is not HOST:TARGET',
      'write a path of this host, a colon and an absolute path of the image: ./app:/opt/app',
    );
  return {from: match[1], to: match[2]};
};

const stage = (
  programs: readonly string[],
  additions: readonly Addition[],
  staging: string,
  note: (text: string) => void,
): string => {
  const rootfs = join(staging, 'rootfs');
  mkdirSync(rootfs);
  chmodSync(rootfs, 0o755);
  const files = stageHostFiles(programs, rootfs);
  addFiles(additions, rootfs);
  for (const missing of missingLibraries(files, rootfs)) note(warning(missing));
  return rootfs;
};

const warning = ({program, directory}: MissingLibrary): string =>
  `warning: ${program} comes without its library: add ${directory} behind --from-host if a script needs it`;
