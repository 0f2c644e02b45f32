import * as z from 'zod/mini';
import {isolatorNames} from '../contract/isolators.ts';
import {ACCELERATORS, KERNELS} from './config.ts';

/*
 * The file formats of rkt's configuration, version v1. Empty strings count as unset where rkt let them.
 */

const header = <K extends string>(kind: K) => ({rktVersion: z.literal('v1'), rktKind: z.literal(kind)});

const filled = z.string().check(z.minLength(1));

const keys = z.array(filled).check(z.minLength(1));

/** One that no name of an image (appc TY-01) begins with would take nothing back from whom it is to. */
const PREFIX = /^[a-z0-9]+(?:[-._~/][a-z0-9]+)*\/?$/;
const prefixes = z
  .array(z.string().check(z.regex(PREFIX, 'must be a name of an image, or its beginning: example.com/db')))
  .check(z.minLength(1));

const basic = z.strictObject({user: filled, password: filled});

const absolutePath = z
  .string()
  .check(z.refine((value) => value === '' || /^\/[^\0]*$/.test(value), 'must be an absolute path'));

const auth = z.discriminatedUnion('type', [
  z.strictObject({...header('auth'), domains: keys, type: z.literal('basic'), credentials: basic}),
  z.strictObject({
    ...header('auth'),
    domains: keys,
    type: z.literal('oauth'),
    credentials: z.strictObject({token: filled}),
  }),
  z.strictObject({
    ...header('auth'),
    domains: keys,
    type: z.literal('aws'),
    credentials: z.strictObject({accessKeyID: filled, secretAccessKey: filled, awsRegion: z.optional(z.string())}),
  }),
]);

const LOCATION = /^(\/|(file|docker|https?):\/\/.)/;

const stage1 = z
  .strictObject({
    ...header('stage1'),
    flavor: z.optional(z.string()),
    name: z.optional(z.string()),
    version: z.optional(z.string()),
    /** What `rkt flavor use` has replaced, for its rollback; `null`: nothing of the file. It chooses nothing. */
    previous: z.optional(z.nullable(z.string())),
    accelerator: z.optional(z.enum(ACCELERATORS, `must be ${ACCELERATORS.join(', ')}`)),
    templates: z.optional(z.boolean('must be true or false')),
    kernel: z.optional(
      z
        .string()
        .check(
          z.refine(
            (value) => value === '' || (KERNELS as readonly string[]).includes(value) || /^\/[^\0]+$/.test(value),
            `must be ${KERNELS.join(', ')} or an absolute path`,
          ),
        ),
    ),
    initramfs: z.optional(absolutePath),
    location: z.optional(
      z
        .string()
        .check(
          z.refine(
            (value) => value === '' || LOCATION.test(value),
            'must be an absolute path or a URL with the scheme file, docker, http or https',
          ),
        ),
    ),
  })
  .check(
    z.refine(({name, version}) => !name === !version, {
      message: 'name and version go together, of a stage1 image of rkt; a flavor is named by "flavor"',
      path: ['version'],
    }),
  );

/** Schema of each kind. */
export const kinds = {
  auth,
  dockerAuth: z.strictObject({...header('dockerAuth'), registries: keys, credentials: basic}),
  image: z.strictObject({
    ...header('image'),
    prefixes,
    accept: z.array(z.enum(isolatorNames, 'must be an isolator')),
  }),
  paths: z.strictObject({
    ...header('paths'),
    data: z.optional(absolutePath),
    'stage1-images': z.optional(absolutePath),
    'receipt-key': z.optional(absolutePath),
  }),
  stage1,
} as const;

export type ConfigFile = z.infer<(typeof kinds)[keyof typeof kinds]>;
