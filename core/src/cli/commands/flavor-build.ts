import {mkdirSync, rmSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {fillHostTree} from '../../artifact/fill-host-tree.ts';
import type {HostPath} from '../../contract/names.ts';
import {BUILD_COMPRESSIONS, type BuildCompression, buildImage} from '../../image/build/build-image.ts';
import {makeManifest} from '../../image/build/make-manifest.ts';
import {scratchDirectory} from '../../linux/scratch-directory.ts';
import {flavorOptions} from '../../stage1/choice/flavor-options.ts';
import {STAGE1_FLAVOR} from '../../stage1/choice/stage1-image.ts';
import {flavorHostLacks, flavorTakesNoImage} from '../../stage1/errors.ts';
import {gatherHostFacts} from '../../stage1/facts/host-facts.ts';
import {findFlavor} from '../../stage1/load/find.ts';
import {defineCommand} from '../command.ts';
import {argumentMissing} from '../errors.ts';
import {exactly} from '../image-argument.ts';
import {sourceDateEpoch} from '../source-date-epoch.ts';

export const command = defineCommand({
  name: 'flavor build',
  summary: 'Build an image that a flavor runs pods with, of the programs of this host',
  usage: '[flags] FLAVOR',
  description:
    'Writes an image of the programs of this host that FLAVOR runs pods with, and of what they need. With --stage1=IMAGE a host that lacks them ' +
    'runs pods, too: nspawn without systemd. The same files give the same image, byte for byte; SOURCE_DATE_EPOCH sets the time of all files (default 0).',
  flags: {
    compression: {
      type: 'string',
      value: 'KIND',
      choices: BUILD_COMPRESSIONS,
      default: 'none',
      help: 'how to compress the image; its ID does not depend on it',
    },
    label: {type: 'list', value: 'KEY=VALUE', help: 'a label; os and arch default to those of this host'},
    name: {type: 'string', value: 'NAME', help: 'name of the image (default rkt/stage1-FLAVOR)'},
    output: {type: 'string', short: 'o', value: 'FILE.aci', help: 'the file to write'},
    overwrite: {type: 'boolean', help: 'replace an existing file'},
  },
  examples: [
    {command: 'rkt flavor build nspawn -o stage1.aci', does: "builds an image of this host's systemd"},
    {
      command: 'rkt flavor build nspawn --name=example.com/stage1 --label=version=1 -o stage1.aci',
      does: 'names it: for a host that has fetched it, --stage1=example.com/stage1:1',
    },
  ],
  async run(context, {flags, positionals}) {
    const {output, format} = context;
    const [name] = exactly(command.name, ['FLAVOR'], positionals);
    if (flags.output === undefined) throw argumentMissing(command.name, '-o FILE.aci');
    const {flavor} = await findFlavor(name, await flavorOptions(context));
    const {declaration} = flavor;
    if (declaration.stage1Image === undefined) throw flavorTakesNoImage(declaration.name);
    const host = gatherHostFacts(declaration.programs ?? []);
    const lacks = flavor.probe(host).filter(({severity}) => severity === 'missing');
    if (lacks.length > 0) throw flavorHostLacks(declaration.name, lacks);
    const work = scratchDirectory('rkt-flavor-build-');
    try {
      const directory = join(work, 'rootfs') as HostPath;
      mkdirSync(directory);
      fillHostTree(
        directory,
        Object.values(host.programs).flatMap((program) => program?.path ?? []),
        declaration.stage1Image.directories,
      );
      const id = await buildImage({
        directory,
        manifest: makeManifest({
          name: flags.name ?? `rkt/stage1-${declaration.name}`,
          labels: flags.label,
          exec: [],
          annotations: [{name: STAGE1_FLAVOR, value: declaration.name}],
        }),
        output: flags.output,
        overwrite: flags.overwrite,
        compression: flags.compression as BuildCompression, // one of the flag's choices
        mtime: sourceDateEpoch(),
        ownedByRoot: true,
      });
      if (format === 'text') output.line(id);
      else output.value({id, file: resolve(flags.output)}, format);
      return 0;
    } finally {
      rmSync(work, {recursive: true, force: true});
    }
  },
});
