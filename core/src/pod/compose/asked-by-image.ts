import {compileProcess} from '../../appc/compile/process.ts';
import type {PodApp} from '../../appc/pod-manifest.ts';
import type {HostFacts} from '../../contract/host.ts';
import type {App} from '../../contract/pod.ts';
import type {Process} from '../../contract/process.ts';
import {widens} from './widens.ts';

/** An isolator that only the image of an app asks for. */
export interface ImageIsolator {
  readonly app: string;
  readonly image: string;
  readonly name: string;
  readonly value: unknown;
  /** What the app gets by it beyond the defaults; empty: it only narrows them. */
  readonly widens: readonly string[];
}

interface Surroundings {
  readonly insecure: ReadonlySet<string>;
  readonly hardLimits: HostFacts['hardLimits'];
  readonly oomScoreAdj: number;
}

/** The isolators that only an image asks for, and what they give an app beyond rkt's defaults (S31). */
export const askedByImage = (
  {app: section}: Pick<PodApp, 'app'>,
  app: App,
  names: ReadonlySet<string>,
  {insecure, hardLimits, oomScoreAdj}: Surroundings,
): ImageIsolator[] => {
  if (section == null) return [];
  const {process, isolators, limits} = app;
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
      widens: widens(name, value, {
        process,
        without: () => without(name),
        limits,
        isolators,
        hardLimits,
        oomScoreAdj,
      }),
    }));
};
