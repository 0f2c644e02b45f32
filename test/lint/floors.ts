import path from 'node:path';

const HOUSE = 'core/src';

/**
 * The floors of core/src, lowest first. What is on a floor imports what is below it; what shares one stands alone.
 *
 * `debug` gives standard streams back as `linux` remembers them, and nothing in `linux` tells stories. `settings` is on no level with `config`, which reads
 * files and knows nothing of flags. `stage1` is above `image`: a flavor may come with an image. `artifact` takes the lock of the store of images, and pods use
 * what it makes. `api` is beside `cli`: both are ways in, and it calls the built command.
 */
export const FLOORS: readonly (readonly string[])[] = [
  ['contract', 'rkt-error', 'suggest'],
  ['appc', 'config', 'linux'],
  ['debug', 'settings'],
  ['executor', 'image'],
  ['stage1'],
  ['artifact'],
  ['pod'],
  ['api', 'cli'],
  ['index'],
];

/** The folder, or file without `.ts`, of core/src that a path is in; `undefined` outside. */
const roomOf = (file: string): string | undefined =>
  file.startsWith(`${HOUSE}/`) ? file.slice(HOUSE.length + 1).replace(/(\.ts)?(\/.*)?$/, '') : undefined;

const floorOf = (room: string): number => FLOORS.findIndex((floor) => floor.includes(room));

/** Why one file of core/src may not import another, or nothing. */
export const floorBroken = (file: string, target: string): string | undefined => {
  const [from, to] = [roomOf(file), roomOf(target)];
  if (from === undefined || to === undefined || from === to) return undefined;
  const lost = [from, to].find((room) => floorOf(room) < 0);
  if (lost !== undefined) return `${lost} is on no floor: give it one in test/lint/floors.ts`;
  if (floorOf(from) > floorOf(to)) return undefined;
  return floorOf(from) === floorOf(to) ? `${from} and ${to} share a floor` : `${from} is below ${to}`;
};

export interface Crossing {
  readonly file: string;
  readonly line: number;
  readonly target: string;
}

/** The two folders that an import is between, as they lie beside each other; `undefined` where one is in the other, which makes them one. */
const between = ({file, target}: Crossing): readonly [from: string, to: string] | undefined => {
  if (![file, target].every((name) => name.startsWith(`${HOUSE}/`))) return undefined;
  const [from, to] = [path.posix.dirname(file).split('/'), path.posix.dirname(target).split('/')];
  const shared = from.findIndex((name, at) => name !== to[at]);
  if (shared < 0 || shared >= to.length) return undefined;
  return [from.slice(0, shared + 1).join('/'), to.slice(0, shared + 1).join('/')];
};

/** The imports of core/src by which a folder needs, maybe by way of others, one beside it that needs it. */
export const cyclesIn = (crossings: readonly Crossing[]): (Crossing & {readonly what: string})[] => {
  const needs = new Map<string, Set<string>>();
  const pairs = crossings.flatMap((crossing) => {
    const pair = between(crossing);
    return pair === undefined ? [] : [{crossing, from: pair[0], to: pair[1]}];
  });
  for (const {from, to} of pairs) needs.set(from, (needs.get(from) ?? new Set()).add(to));
  const reachedFrom = (start: string): Set<string> => {
    const reached = new Set([start]);
    for (const folder of reached) for (const next of needs.get(folder) ?? []) reached.add(next);
    return reached;
  };
  return pairs
    .filter(({from, to}) => reachedFrom(to).has(from))
    .map(({crossing, from, to}) => ({...crossing, what: `${from} needs ${to}, which needs ${from}`}));
};
