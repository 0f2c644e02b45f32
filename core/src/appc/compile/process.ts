import type {Isolators} from '../../contract/isolators.ts';
import type {RootfsPath} from '../../contract/names.ts';
import type {Process} from '../../contract/process.ts';
import {type ManifestApp, supplementaryGids} from '../app.ts';
import {appExecMissing} from '../errors.ts';
import type {Account} from './account.ts';
import {compileCapabilities, REACHING} from './capabilities.ts';
import {completeEnvironment} from './environment.ts';
import {compileLabels} from './labels.ts';
import {compileRlimits} from './rlimits.ts';
import {compileSeccomp} from './seccomp.ts';
import type {Identity} from './users.ts';

export interface ProcessInput {
  readonly appName: string;
  /** The one in force: the pod's, else the image's. */
  readonly app: ManifestApp;
  /** From `normalizeIsolators`. */
  readonly isolators: Isolators;
  /** From `resolveIdentity`. */
  readonly identity: Identity;
  /** From `findAccount`. Default root's. */
  readonly account?: Account;
  readonly metadataUrl?: string | undefined;
  /** `capabilities` leaves all of them, `seccomp` leaves the filter out. */
  readonly insecure: ReadonlySet<string>;
}

/** Compiles what an app's process must be; everything that can be decided without the host is decided here. */
export const compileProcess = ({
  appName,
  app,
  isolators,
  identity,
  account,
  metadataUrl,
  insecure,
}: ProcessInput): Process => {
  const {uid, gid} = identity;
  const argv = [...(app.exec ?? [])];
  if (argv.length === 0 || argv[0] === '') throw appExecMissing(appName);
  const capabilities = compileCapabilities(isolators, {uid, unrestricted: insecure.has('capabilities')});
  const seccomp = insecure.has('seccomp') ? null : compileSeccomp(isolators, capabilities.bounding);
  return {
    argv,
    env: completeEnvironment(app.environment, {appName, metadataUrl, account}),
    cwd: app.workingDirectory ?? ('/' as RootfsPath), // absolute
    uid,
    gid,
    groups: [...new Set(supplementaryGids(app))].filter((group) => group !== gid),
    umask: 0o022,
    capabilities,
    noNewPrivileges: noNewPrivileges(isolators, uid, seccomp !== null),
    ...(capabilities.bounding.some((capability) => REACHING.includes(capability)) ? {} : {apart: true}),
    seccomp,
    ...compileLabels(isolators),
    rlimits: compileRlimits(isolators),
    oomScoreAdj: isolators['os/linux/oom-score-adj']?.score ?? null,
  };
};

/** Apps of other users than root have it unless they say no, which they cannot beside a filter, as in rkt (appc EX-49). */
const noNewPrivileges = (isolators: Isolators, uid: number, isFiltered: boolean): boolean => {
  const asked = isolators['os/linux/no-new-privileges']?.enabled;
  return uid === 0 ? asked === true : isFiltered || asked !== false;
};
