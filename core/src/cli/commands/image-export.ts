import {exportImage, streamImage} from '../../image/export.ts';
import {holdPresentImages, openStore} from '../../image/store.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {outputIsTerminal} from '../errors.ts';
import {exactly} from '../exactly.ts';
import {storedImage} from '../image-argument.ts';
import {isTerminal} from '../terminal.ts';

export const command = defineCommand({
  name: 'image export',
  summary: 'Write an image of the store to a file',
  usage: '[flags] IMAGE OUTPUT.aci',
  description:
    'Writes the archive that was fetched, byte for byte but uncompressed, so that its ID is the same. If OUTPUT.aci is -, it goes to standard output.',
  flags: {overwrite: {type: 'boolean', help: 'replace an existing file'}},
  examples: [
    {command: 'rkt image export example.com/web web.aci', does: 'writes web.aci'},
    {command: 'rkt image export example.com/web - | gzip > web.aci.gz', does: 'writes it compressed'},
  ],
  async run({dataDir, output, format, debug}, {flags, positionals}) {
    asRoot({dataDir, format, debug}, command.name);
    const [image, file] = exactly(command.name, ['IMAGE', 'OUTPUT.aci'], positionals);
    const store = openStore(dataDir);
    using _held = holdPresentImages(store);
    const id = storedImage(store, image);
    if (file === '-') {
      if (isTerminal(1)) throw outputIsTerminal(command.name);
      await streamImage(store, id, (bytes) => void output.raw('stdout', bytes));
      return 0;
    }
    await exportImage(store, id, file, {overwrite: flags.overwrite});
    if (format !== 'text') output.value({id, file}, format);
    return 0;
  },
});
