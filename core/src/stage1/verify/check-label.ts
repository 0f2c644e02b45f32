import type {ReportEntry} from '../../contract/plan.ts';
import type {Evidence, Finding} from './evidence.ts';

/** The profile or context that the kernel shows of an app's process: AppArmor with whether it holds. */
export const checkLabel = (
  {name}: Pick<ReportEntry, 'name'>,
  {app, state}: {readonly app: {readonly process: Labelled}; readonly state: Pick<Evidence['state'], 'label'>},
): Finding => {
  const {apparmorProfile, selinuxContext} = app.process;
  const profile = apparmorProfile === 'unconfined' ? apparmorProfile : `${apparmorProfile} (enforce)`;
  const expected = name === 'os/linux/apparmor-profile' ? profile : `${selinuxContext}`;
  const actual = state.label ?? 'none';
  return {expected, actual, holds: inAnyOrder(actual) === inAnyOrder(expected)};
};

type Labelled = Pick<Evidence['app']['process'], 'apparmorProfile' | 'selinuxContext'>;

/** AppArmor shows several profiles that hold at once, `a//&b`, in an order of its own. */
const inAnyOrder = (label: string): string => {
  const [, names = '', mode = ''] = /^(.*?)( \([a-z]+\))?$/s.exec(label) ?? [];
  return [...new Set(names.split('//&'))].sort().join('//&') + mode;
};
