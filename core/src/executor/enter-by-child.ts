import {constants, readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import type {Process} from '../contract/process.ts';
import {applyPrivileged, hide, hideWhatFollows} from '../linux/credentials.ts';
import {prepareExec} from '../linux/exec.ts';
import type {Fd} from '../linux/fd.ts';
import {closeOnExecFrom, keepOnExec} from '../linux/fd-flags.ts';
import {memoryFile} from '../linux/memory-file.ts';
import {setNamespaces} from '../linux/namespaces.ts';
import {openHost} from '../linux/openat2.ts';
import {passedSockets} from '../linux/passed-sockets.ts';
import {findProgram} from '../linux/programs.ts';
import {restoreStdio} from '../linux/restore.ts';
import {sealedView} from '../linux/sealed-self.ts';
import {blockSignals, resetSignals} from '../linux/signals.ts';
import {filterOf} from './become.ts';
import type {ExecutorContext} from './context.ts';
import {ENTERING} from './entering.ts';
import {enterProgramMissing} from './errors.ts';
import type {LaunchInto} from './exec.ts';
import {faultPoint} from './fault.ts';
import {openWays} from './open-ways.ts';

/** What the child is told: numbers are of descriptors that it inherits. */
export interface Handover {
  /** Of the member, as the host sees it. */
  readonly pid: number;
  readonly member: number;
  readonly root: number;
  readonly cgroups: readonly number[];
  readonly process: Process;
  readonly namespaces: LaunchInto<'member'>['namespaces'];
  readonly passSockets: boolean;
  /** Base64; empty without. */
  readonly filter: string;
}

const FIRST_BESIDES_STDIO = 3;

/**
 * Joins what only a child can be in, and becomes the program that starts it: `timeout` of the coreutils, which with no limit of time waits, hands on what it is
 * told to end by, and ends as the child did, by exit status or signal. util-linux has two that almost do: `nsenter` is killed by a Ctrl-C that the entered program
 * handles, and `unshare` cannot end by SIGKILL. The child is rkt again, from a read-only view of the same file that belongs to no mount namespace (S03), and
 * closed from its first instruction (S02); in a user namespace only from where it closes itself, because who joins one becomes its root. What it needs of the host it inherits, and does not look up again.
 * @throws RKT_MEMBER_GONE, RKT_ENTER_PROGRAM_MISSING
 */
export const enterByChild = (
  launch: LaunchInto<'member'>,
  context: Pick<ExecutorContext, 'facts' | 'caches'>,
): never => {
  hide();
  const starter = sealedProgram('timeout', 'the GNU coreutils');
  const ofUser = launch.namespaces.includes('user') ? openUserNamespace(launch.member.pid) : [];
  const {member, root, cgroups, process: inherited} = openWays(launch, context);
  const sockets = launch.passSockets ? passedSockets() : {fds: []};
  applyPrivileged(inherited);
  const handover: Handover = {
    pid: launch.member.pid,
    member: member.number,
    root: root.number,
    cgroups: cgroups.map(({number}) => number),
    // What took privileges over the host is done.
    process: {...inherited, oomScoreAdj: null},
    namespaces: launch.namespaces.filter((kind) => kind === 'mount'),
    passSockets: sockets.fds.length > 0,
    filter: filterOf(inherited, context)?.toString('base64') ?? '',
  };
  const told = memoryFile('rkt-enter', JSON.stringify(handover));
  const self = sealedView('/proc/self/exe');
  const bundle = ofUser.length === 0 ? undefined : ownBundle();
  const start = prepareExec({
    argv: [
      ...['timeout', '--foreground', '0'],
      ...joinUser(ofUser),
      self.path,
      ...process.execArgv,
      ...(bundle === undefined ? process.argv.slice(1) : ['-e', fromBundle(bundle), ...process.argv.slice(1)]),
    ],
    env: Object.entries({...process.env, [ENTERING]: String(told.number)}).flatMap(([name, value]) =>
      value === undefined ? [] : [{name, value}],
    ),
    rlimits: [],
    filter: null,
  });
  resetSignals();
  // What the terminal sends is for the child; it unblocks them again.
  blockSignals(['SIGINT', 'SIGQUIT']);
  closeOnExecFrom(FIRST_BESIDES_STDIO);
  const inherits: Fd[] = [member, root, ...cgroups, told, self, starter, ...ofUser, ...(bundle ? [bundle] : [])];
  for (const fd of [...sockets.fds, ...inherits.map(({number}) => number)]) keepOnExec(fd);
  faultPoint('enter.child');
  setNamespaces(
    member,
    launch.namespaces.filter((kind) => kind !== 'mount' && kind !== 'user'),
  );
  hideWhatFollows();
  restoreStdio();
  return start(starter.path);
};

const sealedProgram = (name: string, software: string): Fd => {
  const path = findProgram(name);
  if (path === undefined) throw enterProgramMissing(name, software);
  return sealedView(path);
};

/** What joins it, and the namespace. */
const openUserNamespace = (pid: number): [program: Fd, namespace: Fd] => [
  sealedProgram('nsenter', 'util-linux'),
  openHost(`/proc/${pid}/ns/user`, constants.O_RDONLY),
];

/** Before the child, which has threads and cannot join one itself; it is the namespace's root user then, without a right over anything of the host. */
const joinUser = ([program, namespace]: readonly Fd[]): string[] =>
  program === undefined || namespace === undefined ? [] : [program.path, `--user=${namespace.path}`];

/** The file that this code is in, for a child that may not open it by its path; `undefined` when it runs from the sources. */
const ownBundle = (): Fd | undefined => {
  const file = fileURLToPath(import.meta.url);
  return file.endsWith('.cjs') ? memoryFile('rkt', readFileSync(file, 'latin1')) : undefined;
};

/** What start.cjs does, without its cache. */
const fromBundle = ({number}: Fd): string =>
  "const {readFileSync} = require('node:fs');const {Script} = require('node:vm');const bundle = {exports: {}};" +
  `new Script('(function(exports,require,module,__filename,__dirname){' + readFileSync(${number}, 'latin1') + '})', {filename: 'rkt.cjs'})` +
  ".runInThisContext()(bundle.exports, require, bundle, '/rkt.cjs', '/');bundle.exports.main();";
