import type {EnforcementReport} from '../../contract/plan.ts';
import type {Settings} from '../../settings.ts';
import {NOTIFY} from '../../stage1/wishes.ts';

/** Tells that rkt's caller, who waits for the pod to be ready, will wait in vain. */
export const tellReadiness = ({note}: Pick<Settings, 'note'>, {flavor, entries}: EnforcementReport): void => {
  const entry = entries.find(({name}) => name === NOTIFY);
  if (entry?.verdict !== 'ignored') return;
  note(
    `nobody will tell ${String(entry.value)} (NOTIFY_SOCKET) that the pod is ready, which a service of Type=notify waits for: with the flavor "${flavor}", ${entry.how}; Type=exec does without`,
  );
};
