import {readFileSync} from 'node:fs';
import path from 'node:path';

/** The files of kernel modules and of those that they need, needed ones first, from the text of modules.dep. */
export const moduleOrder = (modulesDep: string, names: readonly string[]): string[] => {
  const needs = new Map(
    modulesDep
      .split('\n')
      .filter((line) => line.includes(':'))
      .map((line): [string, string[]] => {
        const [file = '', rest = ''] = line.split(':');
        return [file, rest.trim().split(' ').filter(Boolean)];
      }),
  );
  const order: string[] = [];
  const add = (file: string): void => {
    if (order.includes(file)) return;
    for (const needed of needs.get(file) ?? []) add(needed);
    if (!order.includes(file)) order.push(file);
  };
  for (const name of names) {
    const file = [...needs.keys()].find((candidate) => path.posix.basename(candidate) === `${name}.ko`);
    // Otherwise it is part of the kernel.
    if (file !== undefined) add(file);
  }
  return order;
};

/** {@link moduleOrder} in an unpacked system. */
export const modulesFor = (tree: string, release: string, names: readonly string[]): string[] => {
  const directory = path.join(tree, 'lib/modules', release);
  const order = moduleOrder(readFileSync(path.join(directory, 'modules.dep'), 'utf8'), names);
  return order.map((file) => path.join(directory, file));
};
