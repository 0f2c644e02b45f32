import type {Uuid} from '../../contract/names.ts';
import {removeImage, type Use} from '../../image/remove.ts';
import {openStore} from '../../image/store.ts';
import {seePod} from '../../pod/state/find.ts';
import {isFinished, type PodState} from '../../pod/state/states.ts';
import {asRoot} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {forEachPod} from '../for-each-pod.ts';
import {onlyStoredImage, someImages} from '../image-argument.ts';

export const command = defineCommand({
  name: 'image rm',
  summary: 'Remove images from the store',
  usage: 'IMAGE…',
  description:
    'Removes images, unless a running pod uses them. For prepared pods the files of an image stay until these pods are gone, but nobody else finds the image any more unless it is fetched again. ' +
    'Pods that have exited need their images only for rkt export. An image that others depend on can be removed; those can no longer run then. If several images have one name, say which by version or ID.',
  flags: {},
  examples: [{command: 'rkt image rm example.com/web:1.0 example.com/db', does: 'removes two images'}],
  async run(context, {positionals}): Promise<number> {
    asRoot(context, command.name);
    const store = openStore(context.dataDir);
    return forEachPod(context, command.name, someImages(command.name, positionals), async (text) => {
      const id = onlyStoredImage(store, text);
      const staysFor = removeImage(store, id, (pod) => useOf(seePod(context.dataDir, pod as Uuid)?.state));
      if (context.format === 'text') {
        context.output.line(`removed the image ${id}`);
        if (staysFor.length > 0) context.note(`the files of ${id} stay for prepared pods: ${staysFor.join(', ')}`);
      }
      return {id, removed: true, ...(staysFor.length > 0 && {staysFor})};
    });
  },
});

const OVER: readonly PodState[] = ['aborted prepare', 'deleting', 'garbage'];

/** By its state now, if it is there: what is removed or thrown away meanwhile is over, too. */
const useOf = (state: PodState | undefined): Use => {
  if (state === undefined || isFinished(state) || OVER.includes(state)) return 'over';
  return state === 'prepared' ? 'waits' : 'runs';
};
