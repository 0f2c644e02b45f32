import path from 'node:path';
import type {Declaration} from '../../contract/declaration.ts';
import type {ReportEntry} from '../../contract/plan.ts';
import {podNotInState} from '../../pod/errors.ts';
import {readExitCodes} from '../../pod/state/exit-codes.ts';
import {findUuid} from '../../pod/state/find.ts';
import {podsOf} from '../../pod/state/layout.ts';
import type {PodEntry} from '../../pod/state/load.ts';
import {readOomKills} from '../../pod/state/read-oom-kills.ts';
import {requireSight} from '../../pod/state/require-sight.ts';
import {type Restarts, readRestarts} from '../../pod/state/restarts.ts';
import {isFinished} from '../../pod/state/states.ts';
import {requireStored} from '../../pod/state/stored.ts';
import {type ExitCodes, viewPod} from '../../pod/state/view.ts';
import {withPod} from '../../pod/state/with-pod.ts';
import {awaitPodName} from '../../pod/verbs/await-pod-name.ts';
import {awaitUuidFile} from '../../pod/verbs/await-uuid-file.ts';
import type {Receipt} from '../../pod/verbs/receipt.ts';
import {waitFinished, waitReady} from '../../pod/verbs/wait.ts';
import {verificationFailed} from '../../stage1/errors.ts';
import type {Check} from '../../stage1/verify/verify.ts';
import {asMember, asOwner} from '../as-root.ts';
import {choiceLines} from '../choice-lines.ts';
import {defineCommand} from '../command.ts';
import type {Context} from '../context.ts';
import {parseWait} from '../duration.ts';
import {EXIT_UUID_FILE, podArgument} from '../pod-argument.ts';
import {fullTime} from '../times.ts';
import {rktVersion} from '../version.ts';

export const command = defineCommand({
  name: 'status',
  summary: 'Show the state of a pod and what is enforced',
  usage: '[flags] UUID',
  description:
    'Prints lines of the form KEY=VALUE. "chosen=" tells what named the flavor, "restricted=" each rule that restricted the choice, "passed-over=" the flavors that came before it and why they do not run the pod, "instead-of=" the flavor that the pod was prepared with. ' +
    '"enforced=", "modified=", "ignored=" and, for a stage1 image made for rkt, "unproved=" tell what became of each isolator and feature. "oom-kills=" counts the processes that the kernel has killed for want of memory, if a cgroup ' +
    'of the pod counts them: one with a limit, or any of cgroup v2.\n\n' +
    '--verify compares all that with the running kernel, and a difference is an error; "unproved=" then lists what the kernel shows nowhere, or not to this user. It also asks the flavor for its plan again, which has to be the same. It asks that of a prepared pod, too.\n\n' +
    '--receipt writes what was declared and what the kernel says into a file, for somebody who is not here: JSON, with the digests of what the pod was made of. If the host has a key, /etc/rkt/receipt-key.pem or ' +
    '"receipt-key" of the configuration (ed25519, in PEM, readable by root alone), its signature is in FILE.sig, and whoever has the public key can check it: openssl pkeyutl -verify -rawin -pubin -inkey PUBLIC.pem -in FILE -sigfile FILE.sig',
  flags: {
    receipt: {
      type: 'string',
      value: 'FILE',
      help: 'write what was declared and what the kernel says, signed if the host has a key; implies --verify',
    },
    'uuid-file': {type: 'string', value: 'FILE', help: 'read the UUID from a file'},
    verify: {type: 'boolean', help: 'compare what was promised with the running kernel'},
    wait: {
      type: 'optional',
      value: 'DURATION',
      implied: 'true',
      help: 'wait until the pod has exited, at most for DURATION if it is given (10s, 1h30m); also for the file of --uuid-file, or a pod of the given name, to be there',
    },
    'wait-ready': {
      type: 'optional',
      value: 'DURATION',
      implied: 'true',
      help: 'wait until the apps of the pod run, likewise; if the last pod of the name has exited and was run with --rm, for the next one',
    },
  },
  examples: [
    {command: 'rkt status 0f5a1f3e', does: 'state, times and the enforcement report'},
    {command: 'rkt status --wait=10s 0f5a1f3e', does: 'the same when it has exited, at the latest after ten seconds'},
    {command: 'rkt status --verify --format=json 0f5a1f3e', does: 'whether the kernel does what the report says'},
    {command: 'rkt status --receipt=web.json 0f5a1f3e', does: 'the same as a file, to keep or to hand on'},
  ],
  async run(context, {flags, positionals}) {
    const {dataDir} = context;
    const [ready, finished] = [parseWait('wait-ready', flags['wait-ready']), parseWait('wait', flags.wait)];
    const {'uuid-file': uuidFile} = flags;
    // Who starts a pod and waits for it need not know when its file is there.
    const patience = ready ?? finished ?? 0;
    const forFile = uuidFile === undefined ? 0 : await awaitUuidFile(uuidFile, patience);
    const text = podArgument(command.name, positionals, uuidFile, EXIT_UUID_FILE);
    requireSight(command.name, podsOf(dataDir));
    // Only root can look at what the supervisor of a pod says.
    if (ready !== undefined) asOwner(context, 'status --wait-ready');
    const isVerified = flags.verify || flags.receipt !== undefined;
    if (isVerified) asOwner(context, flags.verify ? 'status --verify' : 'status --receipt');
    const receipts = flags.receipt === undefined ? undefined : await prepareReceipt(context, flags.receipt);
    const waited = forFile + (await awaitPodName(context, text, patience - forFile, {comesNext: ready !== undefined}));
    const uuid = findUuid(dataDir, text);
    if (ready !== undefined) await waitReady(dataDir, uuid, {asked: ready, left: ready - waited});
    if (finished !== undefined) {
      const left = finished - (ready === undefined ? waited : 0);
      await waitFinished(dataDir, uuid, {asked: finished, left});
    }
    const {entry, report, exitCodes, restarts, killed, checked, receipt} = await withPod(
      dataDir,
      uuid,
      async (entry) => {
        // The kernel shows whoever is in the pod's user namespace what there is.
        if (isVerified) asMember(context, command.name, entry);
        const report = entry.summary === undefined ? [] : requireStored(entry.path, 'report').entries;
        const checked = isVerified ? await check(context, entry) : undefined;
        return {
          ...{entry, report, checked},
          receipt: checked === undefined ? undefined : receipts?.make(entry, report, checked),
          exitCodes: readExitCodes(entry),
          restarts: readRestarts(entry),
          killed: readOomKills(entry) ?? 0,
        };
      },
    );
    if (receipt !== undefined) receipts?.write(receipt);
    const checks = checked?.checks;
    if (context.format === 'text') show(context, entry, {exitCodes, restarts, killed}, report, checks);
    else {
      const verified =
        checks === undefined
          ? {}
          : {verification: checks, unproved: unproved(report, checks).map(({name, app}) => ({name, app}))};
      context.output.value(
        {...viewPod(entry, exitCodes, restarts, killed), ...choiceOf(entry), enforcement: report, ...verified},
        context.format,
      );
    }
    const differences = (checks ?? []).filter(({holds}) => !holds);
    if (differences.length > 0) throw verificationFailed(entry.uuid, differences);
    return 0;
  },
});

interface Checked {
  readonly checks: readonly Check[];
  readonly declaration: Declaration;
}

/** Finds the key first: without it nothing is asked, and nothing written. */
const prepareReceipt = async (context: Context, file: string) => {
  const [{makeReceipt}, {receiptKey, writeReceipt}, {loadConfig}] = await Promise.all([
    import('../../pod/verbs/receipt.ts'),
    import('../../pod/verbs/write-receipt.ts'),
    import('../../config/load.ts'),
  ]);
  const key = receiptKey(context, (await loadConfig(context, ['paths'])).paths);
  return {
    make(entry: PodEntry, report: readonly ReportEntry[], {checks, declaration}: Checked): Receipt | undefined {
      const {summary} = entry;
      if (summary === undefined) return undefined;
      const found = {rkt: rktVersion(), checks, unproved: unproved(report, checks).map(({name, app}) => ({name, app}))};
      return makeReceipt({...entry, summary}, declaration, found);
    },
    write(receipt: Receipt): void {
      writeReceipt(path.resolve(file), receipt, key);
      if (key === undefined) context.note(`${file} is not signed: this host has no key for receipts`);
    },
  };
};

/** What the kernel shows of a running pod, against what was promised; and of any that is not over, whether its flavor would make the same plan again. */
const check = async (context: Context, {uuid, state, path, summary, supervisor}: PodEntry): Promise<Checked> => {
  const isPrepared = state === 'prepared';
  if (summary === undefined || !(isPrepared || (state === 'running' && supervisor !== undefined)))
    throw podNotInState(uuid, state, 'running or prepared');
  const [{verify}, {planAgain}, {runningPod}, {pinnedFlavor}] = await Promise.all([
    import('../../stage1/verify/verify.ts'),
    import('../../stage1/verify/plan-again.ts'),
    import('../../pod/state/running-pod.ts'),
    import('../../stage1/choice/choose-flavor.ts'),
  ]);
  const found = await pinnedFlavor(context, summary.flavor);
  const [pod, facts, plan] = [
    requireStored(path, 'frozen'),
    requireStored(path, 'facts'),
    requireStored(path, 'plan'),
  ] as const;
  const again = planAgain(found, {pod, facts, plan});
  const {declaration} = found.flavor;
  // Nothing that a stage1 made for rkt promises can be read back.
  if (isPrepared || supervisor === undefined || found.entrypoints !== undefined) return {checks: [again], declaration};
  const running = runningPod(pod, facts, supervisor, found.flavor);
  return {checks: [again, ...verify(running, requireStored(path, 'report'), plan, facts)], declaration};
};

/** What was promised and has no place where the kernel would show it: the flavor's word alone. */
const unproved = (report: readonly ReportEntry[], checks: readonly Check[]): ReportEntry[] =>
  report.filter(
    ({name, verdict, readBack}) =>
      verdict !== 'ignored' && readBack === undefined && checks.every((check) => check.name !== name),
  );

const shown = (name: string, app: string | null): string => `${name}${app === null ? '' : ` (${app})`}`;

const choiceOf = ({summary}: PodEntry) => (summary?.choice === undefined ? {} : {choice: summary.choice});

/** What the declarations of such flavors say of `exit-status`. */
const NOT_RECORDED =
  'not recorded: whoever called rkt has it, and nothing else was there when the app ended; a flavor that supervises, as nspawn, records it';

const show = (
  {output}: Context,
  entry: PodEntry,
  {exitCodes, restarts, killed}: {exitCodes: ExitCodes; restarts: Restarts; killed: number},
  report: readonly ReportEntry[],
  checks: readonly Check[] = [],
): void => {
  const {state, createdAt, supervisor, summary} = entry;
  output.line(`state=${state}`);
  output.line(`created=${fullTime(createdAt)}`);
  if (supervisor !== undefined) output.line(`started=${fullTime(supervisor.startedAt)}`);
  if (state === 'running' || state === 'exited') output.line(`networks=${(summary?.networks ?? []).join(', ')}`);
  if (state === 'running' || isFinished(state)) {
    if (supervisor !== undefined) output.line(`pid=${supervisor.pid}`);
    output.line(`exited=${state === 'exited' || state === 'exited garbage'}`);
  }
  if (isFinished(state)) for (const [app, code] of exitCodes) output.line(`app-${app}=${code}`);
  if (isFinished(state) && supervisor !== undefined && exitCodes.size === 0 && summary?.flavor.supervises === false)
    output.line(`exit-status=${NOT_RECORDED}`);
  for (const [app, count] of restarts) {
    output.line(`restarts-${app}=${count}`);
    const last = isFinished(state) ? undefined : exitCodes.get(app);
    if (last !== undefined) output.line(`last-exit-${app}=${last}`);
  }
  if (summary?.podName !== undefined) output.line(`name=${summary.podName}`);
  if (killed > 0) output.line(`oom-kills=${killed}`);
  if (summary !== undefined) output.line(`flavor=${summary.flavor.name}`);
  if (summary?.choice !== undefined) for (const line of choiceLines(summary.choice)) output.line(line);
  if (summary?.stage1 !== undefined) output.line(`stage1=${summary.stage1.imageName} (${summary.stage1.imageId})`);
  for (const {verdict, name, app, how} of report) {
    output.line(`${verdict}=${shown(name, app)}: ${how}`);
  }
  for (const {holds, unseen, name, app, expected, actual} of checks) {
    if (holds) output.line(`${unseen ? 'unproved' : 'verified'}=${shown(name, app)}: ${actual}`);
    else output.line(`differs=${shown(name, app)}: ${actual}, not ${expected}`, 'red');
  }
  if (checks.length > 0)
    for (const {verdict, name, app, how} of unproved(report, checks))
      if (verdict !== 'unproved') output.line(`unproved=${shown(name, app)}: ${how}`);
};
