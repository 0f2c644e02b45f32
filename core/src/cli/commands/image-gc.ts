import {existsSync} from 'node:fs';
import {collectDiskImages} from '../../artifact/collect-disk-images.ts';
import {collectHostTrees} from '../../artifact/collect-host-trees.ts';
import {collectTemplates} from '../../artifact/collect-templates.ts';
import {collectImages} from '../../image/gc.ts';
import {openStore} from '../../image/store.ts';
import {hostTreesInUse} from '../../pod/state/host-trees-in-use.ts';
import {EXIT_RKT} from '../../rkt-error.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {parseDuration} from '../duration.ts';
import {exactly} from '../exactly.ts';
import {reportError} from '../report-error.ts';

export const command = defineCommand({
  name: 'image gc',
  summary: 'Remove images that nobody uses',
  usage: '[flags]',
  description:
    'Removes images and rendered trees that no pod uses and that have not been used for the grace period; trees of programs that the host ' +
    'now has in another version; file system images of layers that are gone; saved machines that no pod can continue from; and what interrupted commands have left in the store.',
  flags: {
    'grace-period': {
      type: 'string',
      value: 'DURATION',
      default: '24h',
      help: 'how long an unused image stays: 90s, 30m, 1h30m',
    },
  },
  examples: [{command: 'rkt image gc --grace-period=0s', does: 'removes every image that no pod uses'}],
  async run({dataDir, output, format, debug}, {flags, positionals}) {
    asRoot({dataDir, format, debug}, command.name);
    exactly(command.name, [], positionals);
    const grace = parseDuration('grace-period', flags['grace-period'] ?? '');
    const store = openStore(dataDir);
    const errors: unknown[] = [];
    // Where there is no store there is nothing to collect, and none is made.
    const collected = existsSync(store.directory)
      ? {
          ...collectImages(store, grace, {failed: (error) => errors.push(error)}),
          hostTrees: collectHostTrees(store, () => hostTreesInUse(store.dataDir)),
          diskImages: collectDiskImages(store),
          templates: collectTemplates(store, grace),
        }
      : {images: [], trees: [], hostTrees: [], diskImages: [], templates: []};
    if (format !== 'text') output.value(collected, format);
    else {
      for (const key of collected.trees) output.line(`removed the rendered tree ${key}`);
      for (const tree of collected.hostTrees) output.line(`removed the ${tree} of programs that the host had`);
      for (const key of collected.diskImages) output.line(`removed the file system image ${key}`);
      for (const key of collected.templates) output.line(`removed the template ${key} of machines`);
      for (const id of collected.images) output.line(`removed the image ${id}`);
    }
    for (const error of errors) reportError(error, {format, debug, command: command.name});
    return errors.length > 0 ? EXIT_RKT : 0;
  },
});
