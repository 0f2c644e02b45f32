import * as z from 'zod/mini';
import {id} from './ids.ts';
import {volumeName} from './names.ts';
import {hostPath} from './paths.ts';
import {maybe} from './text.ts';

const common = () => ({
  name: volumeName,
  /** Default false. */
  readOnly: maybe(z.boolean()),
  /** Default true (appc PO-10); without meaning for an empty volume. */
  recursive: maybe(z.boolean()),
});

/** A volume of a pod (appc PO-09 to PO-11). */
export const volume = z.lazy(() =>
  z.discriminatedUnion('kind', [
    z.strictObject({
      ...common(),
      kind: z.literal('host'),
      source: hostPath,
      /** Default "private". Of this project. */
      propagation: maybe(z.enum(['private', 'shared', 'slave'])),
    }),
    z.strictObject({
      ...common(),
      kind: z.literal('empty'),
      /** Octal, default "0755". */
      mode: maybe(
        z
          .string()
          .check(
            z.regex(/^[0-7]{1,5}$/, 'an octal mode such as "0755"'),
            z.refine(isMode, 'an octal mode of at most "7777"'),
          ),
      ),
      /** Default 0. */
      uid: maybe(id),
      /** Default 0. */
      gid: maybe(id),
    }),
  ]),
);
export type ManifestVolume = z.infer<typeof volume>;

function isMode(text: string): boolean {
  return Number.parseInt(text, 8) <= 0o7777;
}
