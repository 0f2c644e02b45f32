import * as z from 'zod/mini';

/** An Image ID (appc TY-05): the contract's `ImageId`, with an error text. */
export const imageId = z
  .lazy(() =>
    z
      .string()
      .check(z.regex(/^sha512-[0-9a-f]{128}$/, 'an Image ID: "sha512-" and 128 hexadecimal digits in lower case')),
  )
  .brand<'ImageId'>();
