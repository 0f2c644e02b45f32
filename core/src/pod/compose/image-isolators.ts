import {overrideIsolators} from '../../appc/isolators/override.ts';
import {readPodManifest} from '../../appc/read-manifest.ts';
import type {PodRequest} from '../request.ts';
import type {ResolvedImage} from './reify.ts';

interface Isolator {
  readonly name: string;
  readonly value: unknown;
}

/** For each app of a pod, the names of the isolators that come from its image: that no flag and no pod manifest has replaced. */
export const imageIsolators = async (
  {apps, manifest}: Pick<PodRequest, 'apps' | 'manifest'>,
  images: readonly ResolvedImage[],
): Promise<ReadonlySet<string>[]> => {
  const own: (readonly Isolator[])[] = images.map(({manifest: {app}}) => app?.isolators ?? []);
  if (own.every(({length}) => length === 0)) return [];
  const replaced =
    manifest === undefined
      ? undefined
      : (await readPodManifest(Buffer.from(manifest))).apps.map(({app}) => app != null);
  return own.map((isolators, index) => {
    const left = overrideIsolators(isolators, apps[index]?.isolators ?? []).filter((entry) =>
      isolators.includes(entry),
    );
    return new Set(replaced?.[index] === true ? [] : left.map(({name}) => name));
  });
};
