import {RktError} from '../../rkt-error.ts';
import type {Reason} from './host-reasons.ts';
import {place, type Rule} from './policy.ts';

const where = ({name, layer, file}: Rule) => ({rule: name, layer, file});

/** A rule forbids what a flag or another file would let an image have. */
export const acceptForbidden = (isolator: string, image: string, app: string, rule: Rule) =>
  new RktError(
    'RKT_POLICY_ACCEPT_FORBIDDEN',
    `image ${image} (app ${app}) asks for ${isolator} beyond the defaults, and ${place(rule)} forbids accepting that`,
    {
      isolator,
      image,
      app,
      ...where(rule),
      hint: 'set it yourself by a flag or pod manifest, which replaces what the image says; or change the rule',
    },
  );

/** A rule forbids what `--allow-degraded` allows. */
export const degradeForbidden = (name: string, rule: Rule) =>
  new RktError('RKT_POLICY_DEGRADE_FORBIDDEN', `--allow-degraded=${name}: ${place(rule)} forbids running without it`, {
    name,
    ...where(rule),
    hint: 'choose a flavor that has it ("rkt explain" tells which), or change the rule',
  });

/** A flavor and what keeps it from running a pod. */
export interface Rejected {
  readonly name: string;
  readonly reasons: readonly Reason[];
}

const fixesOf = (rejected: readonly Rejected[]): string[] => [
  ...new Set(rejected.flatMap(({reasons}) => reasons.flatMap(({fix}) => fix ?? []))),
];

/** Rules exclude the flavor that was asked for, or that the pod was prepared with. @param others that were considered for the hint */
export const flavorRefused = ({name, reasons}: Rejected, others: readonly Rejected[]) =>
  new RktError(
    'RKT_POLICY_FLAVOR_REFUSED',
    [`flavor "${name}" may not run this pod:`, ...reasons.map(({because}) => `  ${because}`)].join('\n'),
    {
      flavor: name,
      reasons: [...reasons],
      hint:
        [...fixesOf([{name, reasons}]), ...others.flatMap(instead)].join('; or ') ||
        '"rkt explain" tells what rules ask for; change the pod, or the rule',
    },
  );

const instead = ({name, reasons}: Rejected): string[] => {
  if (reasons.length === 0) return [`choose --stage1=${name}`];
  const fixes = reasons.flatMap(({fix}) => fix ?? []);
  return fixes.length === reasons.length ? [`choose --stage1=${name} and ${fixes.join(' and ')}`] : [];
};

/** None of the installed flavors is allowed by the rules and able to run the pod. */
export const noFlavorFits = (rejected: readonly Rejected[]) =>
  new RktError(
    'RKT_POLICY_NO_FLAVOR',
    [
      'no flavor is both allowed and able to run this pod:',
      ...rejected.flatMap(({name, reasons}) => reasons.map(({because}) => `  ${name}: ${because}`)),
    ].join('\n'),
    {rejected, hint: fixesOf(rejected).join('; or ') || 'install a flavor that satisfies the rules, or change them'},
  );
