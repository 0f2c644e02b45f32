import {readdirSync, readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {guestKernelFailed} from '../errors.ts';
import {decompress} from './decompress.ts';

/** A module of a kernel, decompressed. */
export interface Module {
  readonly name: string;
  readonly content: Buffer;
}

const SUFFIX = /\.ko(\.(xz|zst|gz))?$/;

/** File names have hyphens where the names of modules have underscores, or not. */
const moduleName = (file: string): string => basename(file).replace(SUFFIX, '').replaceAll('-', '_');

/**
 * The modules of that name below `lib/modules/RELEASE` and those that they need, needed ones first; without those that the kernel has built in. Read from the modules
 * themselves: a package has no modules.dep before it is installed.
 */
export const orderModules = async (directory: string, names: readonly string[]): Promise<readonly Module[]> => {
  const files = new Map(
    readdirSync(directory, {recursive: true, encoding: 'utf8'})
      .filter((file) => SUFFIX.test(file))
      .map((file) => [moduleName(file), join(directory, file)]),
  );
  const builtIn = new Set(readFileSync(join(directory, 'modules.builtin'), 'utf8').split('\n').map(moduleName));
  const order = new Map<string, Module>();
  const add = async (name: string, wanted: boolean): Promise<void> => {
    if (builtIn.has(name) || order.has(name)) return;
    const file = files.get(name);
    if (file === undefined) {
      if (wanted) throw guestKernelFailed(directory, `there is no module ${name}`);
      return;
    }
    const content = await decompress(readFileSync(file), file);
    const {needs, likes} = needsOf(content);
    for (const needed of needs) await add(needed, true);
    for (const liked of likes) await add(liked, false);
    order.set(name, {name, content});
  };
  for (const name of names) await add(name, true);
  return [...order.values()];
};

/** What a module says in its section `.modinfo`: `depends=a,b` and `softdep=pre: c post: d`. */
const needsOf = (content: Buffer): {needs: string[]; likes: string[]} => {
  const text = content.toString('latin1');
  const values = (key: string) =>
    [...text.matchAll(new RegExp(`\\0${key}=([^\\0]*)`, 'g'))].map(([, value]) => value ?? '');
  const toNames = (list: string, separator: string) =>
    list
      .split(separator)
      .filter((name) => name !== '')
      .map(moduleName);
  return {
    needs: values('depends').flatMap((list) => toNames(list, ',')),
    likes: values('softdep').flatMap((rule) =>
      toNames(/\bpre:((?:\s+[\w-]+(?!:))*)/.exec(rule)?.[1]?.trim() ?? '', ' '),
    ),
  };
};
