import type {Plan} from '../../contract/plan.ts';
import type {IsolatedField, Process} from '../../contract/process.ts';
import type {Explanation} from '../../pod/compose/choose-for-pod.ts';
import type {ComposedPod} from '../../pod/compose/compose.ts';
import {diffAspects, type FlavorPlan} from '../../pod/compose/diff-aspects.ts';
import {imageIsolatorRefused} from '../../pod/errors.ts';
import type {PodRequest, RunRequest} from '../../pod/request.ts';
import {planRun} from '../../pod/verbs/plan-run.ts';
import {planWith} from '../../pod/verbs/plan-with.ts';
import {asRootIfCan} from '../as-root.ts';
import {defineCommand} from '../command.ts';
import {type Context, FORMATS, type Output} from '../context.ts';
import {describeStep} from '../describe-step.ts';
import {explanationValue, showExplanation} from '../explanation.ts';
import {parseDiff} from '../grammar/diff.ts';
import {appFlags, podFlags, runFlags} from '../grammar/flags.ts';
import {parsePodArguments} from '../grammar/pod.ts';
import {parseRunFlags} from '../grammar/run.ts';
import {diffValue, showDiff} from '../plan-diff.ts';
import {withImageHint} from '../with-image-hint.ts';

const HTML = 'html';

export const command = defineCommand({
  name: 'plan',
  summary: 'Show what run would do',
  usage: '[flags] IMAGE [image flags] [-- ARGS…] [--- IMAGE2 …]',
  description:
    'Takes the arguments of "rkt run" and prints every step, the program with its arguments and environment, and the enforcement report. ' +
    'Changes nothing and needs no root; the same question gets the same answer.\n\n' +
    'With --diff it shows the same pod under several flavors: what an attacker inside could reach, what the pod costs, and what stays on the host. It compares plans and declarations and measures nothing; what "rkt flavor doctor --measure" has measured here is shown with its date. A flavor that refuses the pod says why. ' +
    '--format=html makes it one self-contained page.',
  imageGrammar: true,
  flags: {
    diff: {type: 'string', value: 'FLAVOR,FLAVOR', help: 'compare the pod under these flavors, two to four'},
    format: {
      type: 'string',
      value: 'FORMAT',
      choices: [...FORMATS, HTML],
      help: 'how results and errors are written; html: of --diff, as a page',
    },
    explain: {type: 'boolean', help: 'first tell how the flavor was chosen, as rkt explain does'},
    ...podFlags,
    ...runFlags,
    ...appFlags,
  },
  examples: [
    {command: 'rkt plan ./busybox.aci --memory=64Mi', does: 'the steps, one a line'},
    {command: 'rkt plan --format=yaml ./busybox.aci', does: 'pod, plan and report as data, to compare or to check'},
    {
      command: 'rkt plan --diff=fly,nspawn ./busybox.aci',
      does: 'what one isolates better than the other, and what it costs',
    },
    {command: 'rkt plan --explain example.com/web', does: 'which flavor and why, then the steps'},
  ],
  async run(context, {flags, images}) {
    const request = parsePodArguments(flags, images);
    const runRequest = parseRunFlags(flags);
    asRootIfCan(context, 'plan');
    const {output, format} = context;
    const flavors = parseDiff(flags, {html: HTML});
    if (flavors !== undefined) {
      const isPage = flags.format === HTML;
      const plans = await withImageHint('plan', images, () => planWith(context, request, runRequest, flavors));
      await tellDiff(context, plans, isPage ? titleOf(request) : undefined);
      return 0;
    }
    let explanation: Explanation | undefined;
    const tell = (told: Explanation) => {
      explanation = told;
      if (format !== 'text') return;
      showExplanation(explanationValue(told, undefined), output);
      output.line();
    };
    const composed = await withImageHint('plan', images, () =>
      planRun(context, request, runRequest, flags.explain ? tell : undefined),
    );
    const refused = composed.refused.length > 0 ? imageIsolatorRefused(composed.refused) : undefined;
    if (format === 'text') show(composed, runRequest, output);
    else {
      const {pod, plan, report, askedByImages} = composed;
      const explained = explanation === undefined ? {} : {explanation: explanationValue(explanation, refused)};
      output.value({pod, plan, report, askedByImages, ...explained}, format);
    }
    if (refused !== undefined) throw refused;
    return 0;
  },
});

/** @param title of the page, if it is to be one */
const tellDiff = async (
  {output, format}: Context,
  plans: readonly FlavorPlan[],
  title: string | undefined,
): Promise<void> => {
  const diff = diffAspects(plans);
  if (title !== undefined)
    output.raw('stdout', (await import('../plan-diff-page.ts')).diffPage(title, diffValue(plans, diff)));
  else if (format === 'text') showDiff(plans, diff, output);
  else output.value(diffValue(plans, diff), format);
};

const titleOf = ({apps}: PodRequest): string => apps.map(({image}) => image).join(', ') || 'a pod manifest';

const show = ({plan, facts, askedByImages, refused, report}: ComposedPod, {net}: RunRequest, output: Output): void => {
  showPlan(plan, facts, output);
  showAsked(askedByImages, refused, output);
  output.line();
  output.line('report', 'bold');
  output.table(
    undefined,
    report.entries.map(({verdict, name, app, how}) => {
      const unasked = name === 'network/host' && net === undefined ? '; no --net was given' : '';
      return [`  ${verdict}`, name, app ?? '', `${how}${unasked}`];
    }),
  );
};

/** What only the images ask for. */
const showAsked = (asked: ComposedPod['askedByImages'], refused: ComposedPod['refused'], output: Output): void => {
  if (asked.length === 0) return;
  output.line();
  output.line('asked for by images', 'bold');
  output.table(
    undefined,
    asked.map((isolator) => [
      `  ${refused.includes(isolator) ? 'refused' : isolator.widens.length > 0 ? 'accepted' : 'within the defaults'}`,
      isolator.name,
      isolator.app,
      JSON.stringify(isolator.value),
    ]),
  );
};

/** What isolators have made of the process. */
const ISOLATED: {readonly [F in IsolatedField]: (process: Process) => string[][]} = {
  capabilities: ({capabilities}) => [['  capabilities', capabilities.bounding.join(' ') || 'none']],
  noNewPrivileges: ({noNewPrivileges}) => [['  no-new-privileges', String(noNewPrivileges)]],
  seccomp: ({seccomp}) => [
    ['  seccomp', seccomp === null ? 'none' : `${seccomp.rules.length} rules, otherwise ${seccomp.default.action}`],
  ],
  rlimits: ({rlimits}) =>
    rlimits.map(({name, soft, hard}) => ['  rlimit', `${name}=${soft ?? 'unlimited'}:${hard ?? 'unlimited'}`]),
  apparmorProfile: ({apparmorProfile: profile}) => (profile === undefined ? [] : [['  apparmor', profile]]),
  selinuxContext: ({selinuxContext: context}) => (context === undefined ? [] : [['  selinux', context]]),
  oomScoreAdj: ({oomScoreAdj}) => (oomScoreAdj === null ? [] : [['  oom-score-adj', String(oomScoreAdj)]]),
};

const showPlan = (
  {flavor, filesystem, environment, launch}: Plan,
  facts: ComposedPod['facts'],
  output: Output,
): void => {
  output.line(`flavor ${flavor.name} ${flavor.version}`);
  for (const [stage, steps] of [
    ['filesystem', filesystem],
    ['environment', environment],
  ] as const) {
    output.line();
    output.line(stage, 'bold');
    for (const step of steps) output.line(`  ${describeStep(step, facts)}`);
  }
  const {process} = launch;
  output.line();
  output.line('launch', 'bold');
  output.table(undefined, [
    ['  into', launch.into],
    ...(launch.into === 'host' ? [['  program', launch.program]] : []),
    ['  argv', JSON.stringify(process.argv)],
    ...(launch.into === 'rootfs' && launch.tellsReady ? [['  tells', 'NOTIFY_SOCKET that the pod is ready']] : []),
    ...process.env.map(({name, value}) => ['  env', `${name}=${value}`]),
    ['  cwd', process.cwd],
    ['  user', `${process.uid}:${process.gid}${process.groups.length > 0 ? `, ${process.groups.join(',')}` : ''}`],
    ...Object.values(ISOLATED).flatMap((rows) => rows(process)),
  ]);
};
