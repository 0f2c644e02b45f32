import * as z from 'zod/mini';

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const nameText = 'an AC Name: lower-case letters and digits, single hyphens between them';

/** Longest name of an app or a volume: they name directories and host names too. */
export const MAX_NAME = 64;
const shortName = () =>
  z.string().check(z.regex(NAME, nameText), z.maxLength(MAX_NAME, `at most ${MAX_NAME} characters`));

/** Name of an image, label, annotation or isolator (appc TY-01). */
export const acIdentifier = z
  .lazy(() =>
    z
      .string()
      .check(
        z.regex(
          /^[a-z0-9]+(?:[-._~/][a-z0-9]+)*$/,
          'an AC Identifier: lower-case letters and digits, one of -._~/ between them',
        ),
      ),
  )
  .brand<'AcIdentifier'>();

/** Name of a port (appc TY-02). */
export const acName = z.lazy(() => z.string().check(z.regex(NAME, nameText))).brand<'AcName'>();

/** AC Name of an app: the contract's `AppName`, with an error text. */
export const appName = z.lazy(() => shortName()).brand<'AppName'>();
/** AC Name of a volume or mount point: the contract's `VolumeName`, with an error text. */
export const volumeName = z.lazy(() => shortName()).brand<'VolumeName'>();

/** The kinds of document that appc defines (appc TY-03). */
const AC_KINDS = ['ImageManifest', 'PodManifest'] as const;
type AcKind = (typeof AC_KINDS)[number];
export const acKind = <const K extends AcKind>(kind: K) => z.literal(kind);
