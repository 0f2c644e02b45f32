import {constants, stat} from 'node:fs';
import type {Plan} from '../contract/plan.ts';
import type {Step} from '../contract/step.ts';
import {log} from '../debug.ts';
import {dismissCompanions} from '../linux/companions.ts';
import {hide} from '../linux/credentials.ts';
import type {Fd} from '../linux/fd.ts';
import {endFirstProcess} from '../linux/first-process.ts';
import {moveAside} from '../linux/join-cgroup.ts';
import {hasLeft, setNamespaces} from '../linux/namespaces.ts';
import {openHost} from '../linux/openat2.ts';
import {makeInputsReadOnly} from '../linux/read-only-inputs.ts';
import {makeJournalReopenable, makeStdioReopenable} from '../linux/reopenable-stdio.ts';
import type {ExecutorContext} from './context.ts';
import {copyPropagated} from './copy-propagated.ts';
import {exec} from './exec.ts';
import {Made} from './made.ts';
import {performSteps} from './perform-steps.ts';

const debug = log('executor');

let pastReturn = false;

/** Whether this process has given up the privileges to undo anything when {@link perform} throws; then `gc` has to do it. */
export const isPastReturn = (): boolean => pastReturn;

/** Where tests can stop a run, in order: every step, then the parts of the launch. */
export const faultPoints = ({filesystem, environment}: Pick<Plan, 'filesystem' | 'environment'>): string[] => [
  ...[...filesystem, ...environment].map(({id}) => id),
  'launch.prepare',
  'launch.root',
  'launch.credentials',
  'launch.exec',
];

/**
 * Performs a plan and becomes the launched program. If something fails, this process is back in the host's mount namespace, so that the caller
 * can {@link undo} the plan and remove the pod, unless {@link isPastReturn}.
 * @throws what a step or the launch throws
 */
export const perform = async (plan: Plan, given: ExecutorContext): Promise<never> => {
  const {launch} = plan;
  if (launch.into === 'member') throw new Error('a plan does not launch into a running pod');
  const made = new Made();
  const context = {...given, made};
  dismissCompanions();
  hide();
  // Before the pod's cgroup is joined: what helps with the streams is not part of the pod.
  const onHelper = (pid: number) => moveAside(context.facts.cgroup, pid);
  if (launch.into === 'host' && launch.reopensStdio) {
    makeStdioReopenable({...(launch.reopensStdio === true ? {keepsTerminal: true} : launch.reopensStdio), onHelper});
  } else {
    makeInputsReadOnly();
    if (launch.into === 'rootfs') makeJournalReopenable(onHelper);
  }
  using home = openHost('/proc/self/ns/mnt', constants.O_RDONLY);
  try {
    const steps = [...plan.filesystem, ...plan.environment];
    copyPropagated(steps, context);
    // Threads cannot be made any more when the children of this one are to be in another pid namespace.
    if (steps.some(makesPids)) await new Promise((resolve) => stat('/', resolve));
    for (const note of performSteps(steps, context)) context.note?.(note);
    await made.joined;
    return exec(launch, context, () => {
      pastReturn = true;
    });
  } catch (error) {
    // Out of the pod's cgroup again only after having come into it.
    await made.joined.catch((failure) => debug('%o', failure));
    if (made.firstProcess !== undefined) endFirstProcess(made.firstProcess);
    if (!pastReturn) returnTo(home);
    throw error;
  }
};

const makesPids = (step: Step): boolean => step.do === 'namespace' && step.unshare.includes('pid');

// The namespace that is left ends here, and every mount in it.
const returnTo = (home: Fd): void => {
  if (!hasLeft('mount')) return;
  debug('back to the mount namespace of the host');
  setNamespaces(home, ['mount']);
};
