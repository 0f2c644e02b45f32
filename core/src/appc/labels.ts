import * as z from 'zod/mini';
import {acIdentifier} from './names.ts';
import {text} from './text.ts';
import {uniqueNames} from './unique.ts';

/** The combinations of `os` and `arch` that appc knows (its `ValidOSArch`). */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  darwin: ['i386', 'x86_64'],
  freebsd: ['amd64', 'arm', 'i386'],
  linux: ['aarch64', 'aarch64_be', 'amd64', 'armv6l', 'armv7b', 'armv7l', 'i386', 'ppc64', 'ppc64le', 's390x'],
};

const label = z.lazy(() =>
  z.strictObject({
    name: acIdentifier.check(z.refine((name) => name !== 'name', 'a label that is not called "name"')),
    value: text,
  }),
);
export type Label = z.infer<typeof label>;

/** Labels of an image or of a reference to one: names unique, `os` and `arch` as appc knows them (appc IM-13). */
export const labels = z.lazy(() =>
  z.array(label).check(
    uniqueNames,
    z.check<readonly Label[]>((context) => {
      const find = (name: string) => context.value.findIndex((entry) => entry.name === name);
      const [os, arch] = [find('os'), find('arch')];
      const fail = (at: number, message: string) =>
        context.issues.push({code: 'custom', message, path: [at, 'value'], input: context.value[at]?.value});
      const known = Object.entries(ARCHITECTURES).find(([name]) => name === context.value[os]?.value)?.[1];
      if (os !== -1 && known === undefined) fail(os, `an os of ${Object.keys(ARCHITECTURES).join(', ')}`);
      if (arch === -1) return;
      if (os === -1) fail(arch, 'an arch only where there is an os');
      else if (known !== undefined && !known.includes(context.value[arch]?.value ?? '')) {
        fail(arch, `an arch of ${known.join(', ')}`);
      }
    }),
  ),
);

/** The value of a label; `undefined` when there is none. */
export const findLabel = (list: readonly Label[] | null | undefined, name: string): string | undefined =>
  list?.find((entry) => entry.name === name)?.value;
