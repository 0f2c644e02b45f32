import {letsThrough} from '../../appc/compile/lets-through.ts';
import {compileProcess} from '../../appc/compile/process.ts';
import {findDefinition} from '../../appc/isolators/definitions.ts';
import type {PodApp} from '../../appc/pod-manifest.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {App} from '../../contract/pod.ts';
import type {IsolatedField, Process} from '../../contract/process.ts';

/** An isolator that an app has from its image, and nobody else. */
export interface ImageIsolator {
  readonly app: string;
  readonly image: string;
  readonly name: string;
  readonly value: unknown;
  /** What the app has by it beyond what it would have without; empty: it only narrows the defaults. */
  readonly widens: readonly string[];
}

interface Surroundings {
  readonly insecure: ReadonlySet<string>;
  readonly hardLimits: HostFacts['hardLimits'];
}

/** What an image asks for, and what of that is more than rkt gives an app by default (S31). */
export const askedByImage = (
  {app: section}: Pick<PodApp, 'app'>,
  app: App,
  names: ReadonlySet<string>,
  {insecure, hardLimits}: Surroundings,
): ImageIsolator[] => {
  if (section == null) return [];
  const {process, isolators} = app;
  const without = (name: string): Process =>
    compileProcess({
      appName: app.name,
      app: section,
      isolators: Object.fromEntries(Object.entries(isolators).filter(([other]) => other !== name)),
      identity: {uid: process.uid, gid: process.gid},
      insecure,
    });
  return Object.entries(isolators)
    .filter(([name]) => names.has(name))
    .map(([name, value]) => ({
      app: app.name,
      image: app.image.name,
      name,
      value,
      widens: findDefinition(name)?.widens === true ? widenings(process, without(name), hardLimits) : [],
    }));
};

type Way = (process: Process, base: Process, hardLimits: HostFacts['hardLimits']) => string[];

/** In which ways a process can have more than another one; the filter follows the capabilities, so only what they do not explain counts. */
const WAYS: {readonly [F in IsolatedField]: Way} = {
  capabilities: ({capabilities}, base) =>
    capabilities.bounding.filter((name) => !base.capabilities.bounding.includes(name)),
  seccomp: (process, base, hardLimits) =>
    WAYS.capabilities(process, base, hardLimits).length > 0 ? [] : letsThrough(process.seccomp, base.seccomp),
  noNewPrivileges: ({noNewPrivileges}, base) => (base.noNewPrivileges && !noNewPrivileges ? ['new privileges'] : []),
  oomScoreAdj: ({oomScoreAdj}, base) =>
    (oomScoreAdj ?? 0) < Math.min(0, base.oomScoreAdj ?? 0) ? [`score ${oomScoreAdj}`] : [],
  rlimits: ({rlimits}, base, hardLimits) =>
    rlimits
      .filter(
        ({name, hard}) => !base.rlimits.some((limit) => limit.name === name) && isAbove(hard, hardLimits[name] ?? null),
      )
      .map(({name, hard}) => `${name} ${hard ?? 'unlimited'}`),
};

const widenings: Way = (...compared) => Object.values(WAYS).flatMap((way) => way(...compared));

const isAbove = (limit: number | null, own: number | null): boolean => own !== null && (limit === null || limit > own);
