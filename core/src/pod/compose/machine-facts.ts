import type {HostFacts} from '../../contract/host.ts';
import type {HostPath} from '../../contract/names.ts';
import type {Settings} from '../../settings.ts';
import type {FoundFlavor} from '../../stage1/load/find.ts';
import type {RunRequest} from '../request.ts';

interface Options extends Pick<RunRequest, 'noTemplate'> {
  /** The tree of the pod's stage1 image. */
  readonly tree: HostPath | undefined;
  /** Where a new proof is kept; `undefined`: nowhere. */
  readonly cacheDir: string | undefined;
}

/** The facts of a pod, if it is to be a machine: without templates, if that was asked for, and with an accelerator that no machines of pods have refuted. */
export const withMachineFacts = async (
  settings: Settings,
  {flavor: {declaration}}: Pick<FoundFlavor, 'flavor'>,
  facts: HostFacts,
  {tree, cacheDir, noTemplate}: Options,
): Promise<HostFacts> => {
  if (facts.accelerator === undefined) return facts;
  const asked = noTemplate ? {...facts, noTemplates: true as const} : facts;
  if (facts.accelerator.device === undefined) return asked;
  const [{unlessRefuted, withAccelerator}, {refutedAt}] = await Promise.all([
    import('../../stage1/facts/accelerator.ts'),
    import('../state/refuted-accelerator.ts'),
  ]);
  return unlessRefuted(settings, asked, {
    refuted: () => refutedAt(settings),
    again: () => withAccelerator(settings, declaration, asked, {tree, cacheDir, again: true, doubted: true}),
  });
};
