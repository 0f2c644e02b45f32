import {realpathSync} from 'node:fs';
import {locateFlavor} from '../load/find.ts';
import type {Rule} from './policy.ts';

/** What rules call a flavor. */
export interface Names {
  /** Names that lead to the file it is loaded from. A flavor that merely calls itself so is not meant where rules list those that may run a pod. */
  readonly names: readonly string[];
  /** Other paths to the same file: a flavor that is forbidden is forbidden by whatever path it is reached. */
  readonly aliases: readonly string[];
}

/** What rules call the flavor that is loaded from a file. */
export const namesOf = (source: string, rules: readonly Rule[], options: Parameters<typeof locateFlavor>[1]): Names => {
  const located = (names: readonly string[]) =>
    [...new Set(names)].flatMap((name) => {
      const place = locateFlavor(name, options);
      return place === undefined ? [] : [{name, place}];
    });
  return {
    names: located(rules.flatMap(({flavors = []}) => flavors))
      .filter(({place}) => place === source)
      .map(({name}) => name),
    aliases: located(rules.flatMap(({forbid = []}) => forbid))
      .filter(({place}) => place === source || realPath(place) === realPath(source))
      .map(({name}) => name),
  };
};

/** An image's ID is no path. */
const realPath = (file: string): string => (file.startsWith('/') ? realpathSync(file) : file);
