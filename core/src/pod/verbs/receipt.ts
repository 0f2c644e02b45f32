import {createHash} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {hostname} from 'node:os';
import type {Declaration} from '../../contract/declaration.ts';
import type {ReportEntry} from '../../contract/plan.ts';
import {naming} from '../../linux/naming.ts';
import {isErrno} from '../../linux/syscall-error.ts';
import type {Check} from '../../stage1/verify/verify.ts';
import {fileDamaged} from '../errors.ts';
import {POD_FILES} from '../state/layout.ts';
import type {PodEntry} from '../state/load.ts';
import {requireStored} from '../state/stored.ts';

/** What was declared about a pod and what the kernel said, for somebody who was not there. */
export interface Receipt {
  readonly rktReceipt: 1;
  readonly rkt: string;
  /** The contract that the plan was made by. */
  readonly contract: string;
  /** When the kernel was asked, in UTC: `2026-11-29T15:04:05.000Z`. */
  readonly issuedAt: string;
  readonly host: {readonly name: string; readonly kernel: string; readonly arch: string};
  readonly pod: {
    readonly uuid: string;
    readonly name?: string;
    readonly state: string;
    readonly createdAt: string;
    readonly startedAt?: string;
  };
  readonly flavor: {
    readonly name: string;
    readonly version: string;
    /** `sha256-…` of the file that it was loaded from. */
    readonly digest: string;
    readonly properties: readonly string[];
    /** The image that its own programs come from. */
    readonly stage1?: {readonly imageId: string; readonly imageName: string};
  };
  readonly apps: readonly {readonly name: string; readonly imageId: string; readonly imageName: string}[];
  /** `sha256-…` of files of the pod's directory, as they are there, by their names. */
  readonly files: Readonly<Record<string, string>>;
  /** The report of `rkt status`: every isolator and feature with what became of it. */
  readonly declared: readonly ReportEntry[];
  /** What `rkt status --verify` has compared. */
  readonly kernel: readonly Check[];
  /** What was promised and has no place where the kernel would show it. */
  readonly unproved: readonly {readonly name: string; readonly app: string | null}[];
  /** Whether nothing of `kernel` differs. */
  readonly holds: boolean;
}

/** What a receipt has the digests of: with them nobody can say later that it was about another pod. */
const FILES = ['manifest', 'frozen', 'plan', 'report', 'facts'] as const;

/** @param checks of a pod that is prepared or runs, right now */
export const makeReceipt = (
  {uuid, state, path, createdAt, summary, supervisor}: PodEntry & {readonly summary: NonNullable<PodEntry['summary']>},
  {version, properties}: Pick<Declaration, 'version' | 'properties'>,
  {rkt, checks, unproved}: {rkt: string; checks: readonly Check[]; unproved: Receipt['unproved']},
): Receipt => {
  const [plan, facts] = [requireStored(path, 'plan'), requireStored(path, 'facts')] as const;
  const {flavor, stage1, podName} = summary;
  return {
    rktReceipt: 1,
    rkt,
    contract: plan.contract,
    issuedAt: new Date().toISOString(),
    host: {name: hostname(), kernel: facts.kernel.release, arch: facts.arch},
    pod: {
      uuid,
      ...(podName !== undefined && {name: podName}),
      state,
      createdAt: new Date(createdAt).toISOString(),
      ...(supervisor !== undefined && {startedAt: new Date(supervisor.startedAt).toISOString()}),
    },
    flavor: {
      ...{name: flavor.name, version, digest: flavor.digest, properties},
      ...(stage1 !== undefined && {stage1: {imageId: stage1.imageId, imageName: stage1.imageName}}),
    },
    apps: summary.apps.map(({name, imageId, imageName}) => ({name, imageId, imageName})),
    files: Object.fromEntries(FILES.map((form) => [POD_FILES[form], digestOf(path, POD_FILES[form])])),
    declared: requireStored(path, 'report').entries,
    kernel: checks,
    unproved,
    holds: checks.every(({holds}) => holds),
  };
};

const digestOf = (pod: string, file: string): string => {
  try {
    const bytes = naming(`${pod}/${file}`, () => readFileSync(`${pod}/${file}`));
    return `sha256-${createHash('sha256').update(bytes).digest('hex')}`;
  } catch (error) {
    throw isErrno(error, 'ENOENT') ? fileDamaged(pod, file, 'it is missing', error) : error;
  }
};
