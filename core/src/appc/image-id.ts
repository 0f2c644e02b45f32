import * as z from 'zod/mini';

/** An Image ID (appc TY-05): the contract's `ImageId`, with an error text. */
export const imageId = z
  .lazy(() =>
    z
      .string()
      .check(z.regex(/^sha512-[0-9a-f]{128}$/, 'an Image ID: "sha512-" and 128 hexadecimal digits in lower case')),
  )
  .brand<'ImageId'>();

/**
 * The same in the manifest of a pod that is not reified yet: also with the 64 digits that rkt kept of each. No fewer, because images can be made to begin alike
 * on purpose.
 */
export const writtenImageId = z
  .lazy(() =>
    z
      .string()
      .check(
        z.regex(
          /^sha512-(?:[0-9a-f]{64}){1,2}$/,
          'an Image ID: "sha512-" and 128, or the first 64, hexadecimal digits in lower case',
        ),
      ),
  )
  .brand<'ImageId'>();
