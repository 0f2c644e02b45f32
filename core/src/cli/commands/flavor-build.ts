import {createReadStream, mkdirSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {chooseKernel} from '../../artifact/choose-kernel.ts';
import {fileOfPackage, fillStage1Image} from '../../artifact/fill-stage1-image.ts';
import type {TakeKernel} from '../../artifact/guest/taken-kernel.ts';
import {loadConfig} from '../../config/load.ts';
import type {HostPath} from '../../contract/names.ts';
import {BUILD_COMPRESSIONS, type BuildCompression, buildImage} from '../../image/build/build-image.ts';
import {makeManifest} from '../../image/build/make-manifest.ts';
import {importImage} from '../../image/import.ts';
import {rememberBuilt} from '../../image/stage1-images.ts';
import {holdImages, openStore} from '../../image/store.ts';
import {scratchDirectory} from '../../linux/scratch-directory.ts';
import {makeFirstTemplate} from '../../pod/verbs/make-first-template.ts';
import {flavorOptions} from '../../stage1/choice/flavor-options.ts';
import {STAGE1_FLAVOR} from '../../stage1/choice/stage1-image.ts';
import {flavorTakesNoImage} from '../../stage1/errors.ts';
import {gatherHostFacts} from '../../stage1/facts/host-facts.ts';
import {type FoundFlavor, findFlavor} from '../../stage1/load/find.ts';
import {findingsOf, refuseLacking} from '../../stage1/negotiation/findings-of.ts';
import {refuseWithoutRoot} from '../../stage1/negotiation/refuse-without-root.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import type {Context} from '../context.ts';
import {argumentMissing, flagValueInvalid} from '../errors.ts';
import {exactly} from '../exactly.ts';
import {sourceDateEpoch} from '../source-date-epoch.ts';

export const command = defineCommand({
  name: 'flavor build',
  summary: 'Build a stage1 image: the programs of this host that a flavor runs pods with',
  usage: '[flags] FLAVOR',
  description:
    'Writes an image of the programs of this host that FLAVOR runs pods with, and of the files they need. With --stage1=IMAGE, a host that lacks these programs ' +
    'can run pods, too: with nspawn where there is no systemd. A flavor that always needs an image (kvm) uses the one that was built last for it without -o, which is kept in the store. The same files give the same image, byte for byte; SOURCE_DATE_EPOCH sets the time of all files (default 0).\n\n' +
    "Virtual machines start with the newest kernel of Debian, or with a small one (--kernel=small), with which they start faster and need less memory. It is compiled here once from Debian's source, which needs root, a compiler, two gigabytes of disk space for a while, and about eight minutes of processor time.",
  flags: {
    compression: {
      type: 'string',
      value: 'KIND',
      choices: BUILD_COMPRESSIONS,
      default: 'none',
      help: 'how to compress the image; its ID does not depend on it',
    },
    initramfs: {
      type: 'string',
      value: 'FILE',
      help: "with --kernel=FILE: a cpio archive with its modules, which are loaded in the order of /modules/order; it is unpacked before rkt's own when a machine starts",
    },
    kernel: {
      type: 'string',
      value: 'KIND|FILE',
      help: 'the kernel that machines start with: "small", "distribution", or the path of a file (default: the configured one, else the small one if it has been made, else that of the distribution)',
    },
    label: {type: 'list', value: 'KEY=VALUE', help: 'a label; os and arch default to those of this host'},
    name: {type: 'string', value: 'NAME', help: 'name of the image (default rkt/stage1-FLAVOR)'},
    output: {type: 'string', short: 'o', value: 'FILE.aci', help: 'the file to write'},
    overwrite: {type: 'boolean', help: 'replace an existing file'},
  },
  examples: [
    {command: 'rkt flavor build nspawn -o stage1.aci', does: "builds an image of this host's systemd"},
    {
      command: 'rkt flavor build kvm',
      does: 'makes the image that --stage1=kvm runs pods with, from QEMU and the newest kernel of Debian',
    },
    {
      command: 'rkt flavor build --kernel=small kvm',
      does: "the same with a small kernel, which is compiled from Debian's source if it has not been yet",
    },
    {
      command: 'rkt flavor build nspawn --name=example.com/stage1 --label=version=1 -o stage1.aci',
      does: 'gives it a name: hosts that have fetched it take --stage1=example.com/stage1:1',
    },
  ],
  async run(context, {flags, positionals}) {
    const {output, format} = context;
    const [name] = exactly(command.name, ['FLAVOR'], positionals);
    const found = await findFlavor(name, await flavorOptions(context));
    const {flavor, source} = found;
    const {declaration} = flavor;
    const {stage1Image} = declaration;
    if (stage1Image === undefined) throw flavorTakesNoImage(declaration.name);
    const {required = false} = stage1Image;
    if (flags.output === undefined && !required) throw argumentMissing(command.name, '-o FILE.aci');
    // A store of images that nobody can run pods with.
    if (flags.output === undefined) refuseWithoutRoot(flavor);
    if (flags.output === undefined || flags.kernel === 'small') asRoot(context, command.name);
    const takeKernel = await kernelOf(context, flags, found);
    const host = gatherHostFacts(declaration.programs ?? []);
    // What the image is for is not missing before there is one.
    if (!required) refuseLacking(declaration.name, findingsOf(flavor, host));
    using scratch = scratchDirectory('rkt-flavor-build-');
    const {path: work} = scratch;
    const directory = join(work, 'rootfs') as HostPath;
    mkdirSync(directory);
    await fillStage1Image(directory, {stage1Image}, host, source, work, takeKernel);
    const file = flags.output ?? join(work, 'stage1.aci');
    const id = await buildImage({
      directory,
      manifest: makeManifest({
        name: flags.name ?? `rkt/stage1-${declaration.name}`,
        labels: flags.label,
        exec: [],
        annotations: [{name: STAGE1_FLAVOR, value: declaration.name}],
      }),
      output: file,
      overwrite: flags.overwrite,
      compression: flags.compression as BuildCompression, // one of the flag's choices
      mtime: sourceDateEpoch(),
      ownedByRoot: true,
    });
    if (flags.output === undefined) {
      const store = openStore(context.dataDir);
      using _images = holdImages(store);
      await importImage(store, createReadStream(file), {source: `rkt flavor build ${declaration.name}`});
      rememberBuilt(context.dataDir, declaration.name, id);
    }
    if (flags.output === undefined && stage1Image.machine !== undefined) await makeFirstTemplate(context, found);
    if (format === 'text') output.line(id);
    else output.value({id, ...(flags.output === undefined ? {} : {file: resolve(flags.output)})}, format);
    return 0;
  },
});

interface KernelFlags {
  readonly kernel?: string | undefined;
  readonly initramfs?: string | undefined;
}

/** As this call says, else as it is configured. `undefined`: the flavor has no machines. */
const kernelOf = async (
  context: Context,
  flags: KernelFlags,
  {flavor: {declaration}, source}: FoundFlavor,
): Promise<TakeKernel | undefined> => {
  const {name, stage1Image} = declaration;
  const isAsked = flags.kernel !== undefined || flags.initramfs !== undefined;
  if (stage1Image?.machine === undefined) {
    if (isAsked)
      throw flagValueInvalid(
        flags.kernel === undefined ? 'initramfs' : 'kernel',
        flags.kernel ?? flags.initramfs ?? '',
        `flavor "${name}" has no machines`,
        'leave it out',
      );
    return undefined;
  }
  const {kernel, initramfs} = isAsked ? flags : (await loadConfig(context, ['stage1'])).stage1;
  if (flags.kernel !== undefined && !KERNEL.test(flags.kernel))
    throw flagValueInvalid(
      'kernel',
      flags.kernel,
      'is neither "small" nor "distribution", nor a file with a path',
      '--kernel=./vmlinux',
    );
  const {small} = stage1Image.machine;
  return chooseKernel(
    {...(kernel === undefined ? {} : {kernel}), ...(initramfs === undefined ? {} : {initramfs})},
    {
      flavor: name,
      dataDir: context.dataDir,
      note: context.note,
      ...(small === undefined ? {} : {small: fileOfPackage(source, small)}),
    },
  );
};

const KERNEL = /^(small|distribution|.*\/.*)$/;
