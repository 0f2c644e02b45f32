import {acceptedOf} from '../../config/config.ts';
import {loadConfig} from '../../config/load.ts';
import type {Settings} from '../../settings.ts';
import type {EffectivePolicy} from '../../stage1/policy/combine.ts';
import type {PodRequest} from '../request.ts';
import type {ImageIsolator} from './asked-by-image.ts';

/**
 * What images ask for beyond the defaults and the operator does not accept, by a flag or in the configuration (S31).
 * @param asked of the apps of the request, in order
 * @param policy by app, what rules accept and forbid to accept
 * @throws RKT_POLICY_ACCEPT_FORBIDDEN
 */
export const notAccepted = async (
  settings: Settings,
  request: Pick<PodRequest, 'apps' | 'acceptImage'>,
  asked: readonly (readonly ImageIsolator[])[],
  policy?: EffectivePolicy['accept'],
): Promise<readonly ImageIsolator[]> => {
  if (policy !== undefined) (await import('./refuse-accepting.ts')).refuseAccepting(asked.flat(), policy);
  const refused = asked.flatMap((isolators, index) => {
    const accepted = [...request.acceptImage, ...(request.apps[index]?.acceptImage ?? [])];
    return isolators.filter(
      ({app, name, widens}) =>
        widens.length > 0 &&
        !accepted.includes(name) &&
        policy?.get(app)?.allowed.some((said) => said.name === name) !== true,
    );
  });
  if (refused.length === 0) return [];
  const {image} = await loadConfig(settings, ['image']);
  return refused.filter((isolator) => !acceptedOf(image, isolator.image).has(isolator.name));
};
