import type {ImageManifest} from '../../appc/image-manifest.ts';
import type {PodManifest} from '../../appc/pod-manifest.ts';
import type {Pod} from '../../contract/pod.ts';
import type {SubjectApp} from '../../stage1/policy/policy.ts';

type Images = readonly {readonly manifest: Pick<ImageManifest, 'labels' | 'annotations'>}[];

/** What the rules of a policy look at, of each app of a pod. */
export const policySubject = (
  manifest: PodManifest,
  images: Images,
  pod: Pick<Pod, 'apps' | 'isolators'>,
): SubjectApp[] =>
  pod.apps.map(({name, image, process, isolators}, index) => {
    const {labels, annotations} = images[index]?.manifest ?? {};
    const all = [manifest.annotations, manifest.apps[index]?.annotations, annotations].flatMap((list) => list ?? []);
    return {
      name,
      image,
      labels: Object.fromEntries((labels ?? []).map((label) => [label.name, label.value])),
      annotations: Object.fromEntries(
        all.map(({name: key}) => [key, all.filter((other) => other.name === key).map(({value}) => value)]),
      ),
      uid: process.uid,
      isolators: [...Object.keys(pod.isolators), ...Object.keys(isolators)],
    };
  });
