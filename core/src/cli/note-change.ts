import type {ChangedPromise, PlanChange} from '../pod/compose/compare-plans.ts';
import type {Context} from './context.ts';

/** Tells on standard error what another flavor changes of a pod, before the pod has the streams. */
export const noteChange = (change: PlanChange, {output, format}: Pick<Context, 'output' | 'format'>): void => {
  if (format !== 'text') {
    output.note(JSON.stringify({replanned: change}));
    return;
  }
  const {from, to, losses, gains, promises} = change;
  const lines = [
    `flavor ${to.name} ${to.version} instead of ${from.name} ${from.version}${isSame(change) ? ': nothing else changes' : ''}`,
    ...losses.map(({name, because}) => `  less: ${name}: ${because}`),
    ...gains.map((name) => `  more: ${name}`),
    ...promises.filter(({name}) => losses.every((loss) => loss.name !== name)).map((promise) => `  ${told(promise)}`),
  ];
  for (const line of lines) output.note(line);
};

const isSame = ({losses, gains, promises}: PlanChange): boolean =>
  [losses, gains, promises].every(({length}) => length === 0);

const told = ({name, app, before, after, how}: ChangedPromise): string =>
  `${name}${app === null ? '' : ` (${app})`}: ${before ?? 'not asked for'}, now ${after === null ? 'not asked for' : `${after}: ${how}`}`;
