import {realpathSync} from 'node:fs';
import {locateFlavor} from '../load/find.ts';
import type {Rule} from './policy.ts';

/** What rules call a flavor. */
export interface Names {
  /** Where it is loaded from is where the name leads: what merely calls itself so is not meant by a list of those that may run a pod. */
  readonly names: readonly string[];
  /** Where it is loaded from is the same file by another path, too: it is forbidden by whatever way it is reached. */
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
