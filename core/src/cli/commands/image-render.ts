import {renderImage} from '../../image/extract-image.ts';
import {openStore} from '../../image/store.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {exactly} from '../exactly.ts';
import {storedImage} from '../image-argument.ts';

export const command = defineCommand({
  name: 'image render',
  summary: 'Copy an image with its dependencies into a directory',
  usage: '[flags] IMAGE DIRECTORY',
  description:
    'Copies the root file system that an app of this image starts with: all dependencies, then the image itself. Nobody else can enter the directory, because set-user-ID programs in it keep that bit. With --rootfs-only it has the mode that the image says instead, so put it into a directory that only root can enter.',
  flags: {
    overwrite: {type: 'boolean', help: 'replace an existing directory'},
    'rootfs-only': {type: 'boolean', help: 'leave out the manifest: DIRECTORY is the root file system'},
  },
  examples: [{command: 'rkt image render --rootfs-only example.com/web /root/web', does: 'makes /root/web'}],
  async run({dataDir, output, format, debug}, {flags, positionals}) {
    asRoot({dataDir, format, debug}, command.name);
    const [image, directory] = exactly(command.name, ['IMAGE', 'DIRECTORY'], positionals);
    const store = openStore(dataDir);
    const id = storedImage(store, image);
    await renderImage(store, id, directory, {rootfsOnly: flags['rootfs-only'], overwrite: flags.overwrite});
    if (format !== 'text') output.value({id, directory}, format);
    return 0;
  },
});
