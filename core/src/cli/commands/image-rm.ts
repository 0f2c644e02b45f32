import {removeImage} from '../../image/remove.ts';
import {openStore} from '../../image/store.ts';
import {findPod} from '../../pod/state/find.ts';
import {isFinished} from '../../pod/state/states.ts';
import {requireRoot} from '../../pod/verbs/require-root.ts';
import {defineCommand} from '../command.ts';
import {forEachPod} from '../for-each-pod.ts';
import {onlyStoredImage, someImages} from '../image-argument.ts';

export const command = defineCommand({
  name: 'image rm',
  summary: 'Remove images from the store',
  usage: 'IMAGE…',
  description:
    'Removes images that no pod uses which runs or waits to be run. Of pods that have exited only export needs the image. An image that others depend on can be ' +
    'removed; these cannot run then. Of several images of one name, say which: by version or ID.',
  flags: {},
  examples: [{command: 'rkt image rm example.com/web:1.0 example.com/db', does: 'removes two images'}],
  async run(context, {positionals}): Promise<number> {
    requireRoot(command.name);
    const store = openStore(context.dataDir);
    return forEachPod(context, command.name, someImages(command.name, positionals), async (text) => {
      const id = onlyStoredImage(store, text);
      removeImage(store, id, (pod) => isFinished(findPod(context.dataDir, pod).state));
      if (context.format === 'text') context.output.line(`removed the image ${id}`);
      return {id, removed: true};
    });
  },
});
