import {createRequire} from 'node:module';
import {findPackage, ownTrees} from '../stage1/load/package-trees.ts';
import {kitMissing} from './errors.ts';

/** What has come of one case of the kit. */
export interface Outcome {
  readonly id: string;
  readonly title: string;
  readonly needs: readonly string[];
  readonly result: 'passed' | 'failed' | 'not declared' | 'skipped';
  readonly because?: string;
  readonly milliseconds: number;
}

export interface KitReport {
  readonly flavor: {readonly name: string; readonly version: string};
  readonly outcomes: readonly Outcome[];
  readonly passed: number;
  readonly failed: number;
  readonly notDeclared: number;
  readonly skipped: number;
}

/** What pods are made with. */
export interface WorldOptions {
  readonly rkt: readonly string[];
  readonly flavor: string;
  readonly flavorImage?: string;
}

/** A data directory with pods. */
interface World {
  readonly run: (pod: {readonly script: string}) => Promise<{readonly status: number; readonly stderr: string}>;
  readonly start: (pod: {readonly script: string}) => Promise<{
    readonly child: {readonly pid?: number | undefined};
    /** What the command line of the app has. */
    readonly script: string;
    readonly end: () => Promise<unknown>;
  }>;
  readonly close: () => Promise<void>;
}

/** What rkt uses of `@rkt/plugin-sdk/kit`, which imports the contract and drives rkt from outside: core itself needs nothing of it. */
export interface Kit {
  readonly openWorld: (options: WorldOptions) => Promise<World>;
  readonly testFlavor: (
    options: WorldOptions & {
      readonly ids?: readonly string[];
      readonly match?: string;
      readonly onOutcome?: (outcome: Outcome) => void;
    },
  ) => Promise<KitReport>;
  readonly selectCases: (selection: {
    readonly ids?: readonly string[];
    readonly match?: string;
  }) => readonly Pick<Outcome, 'id' | 'title' | 'needs'>[];
  readonly untried: Readonly<Record<string, string>>;
  readonly tap: (report: Pick<KitReport, 'outcomes'>) => string[];
}

const NAME = '@rkt/plugin-sdk';

/**
 * The kit of the SDK that is installed beside rkt.
 * @throws RKT_KIT_MISSING
 */
export const loadKit = (): Kit => {
  const sdk = findPackage(`${NAME}/package.json`, ownTrees());
  if (sdk === undefined) throw kitMissing(NAME);
  const require = createRequire(sdk);
  return require(`${NAME}/kit`) as Kit; // it is of the same release
};
