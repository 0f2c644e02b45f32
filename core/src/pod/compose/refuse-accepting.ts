import type {EffectivePolicy} from '../../stage1/policy/combine.ts';
import {acceptForbidden} from '../../stage1/policy/errors.ts';
import type {ImageIsolator} from './asked-by-image.ts';

/** Refuses what images ask for beyond the defaults and a rule forbids to accept. @throws RKT_POLICY_ACCEPT_FORBIDDEN */
export const refuseAccepting = (
  asked: readonly Omit<ImageIsolator, 'value'>[],
  policy: EffectivePolicy['accept'],
): void => {
  for (const {app, image, name, widens} of asked) {
    const rule = widens.length === 0 ? undefined : policy.get(app)?.forbiddenBy(name);
    if (rule !== undefined) throw acceptForbidden(name, image, app, rule);
  }
};
