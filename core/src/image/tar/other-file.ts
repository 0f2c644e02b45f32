import {BLOCK, parseHeader} from './header.ts';

/** How kinds of files begin that are given for images by mistake. */
const BEGINNINGS: readonly (readonly [string, string])[] = [
  ['PK\x03\x04', 'it is a zip archive'],
  ['!<arch>\n', 'it is a package of Debian, or another ar archive'],
  ['\xed\xab\xee\xdb', 'it is an RPM package'],
  ['hsqs', 'it is a squashfs file system'],
  ['\x7fELF', 'it is a program'],
  ['#!', 'it is a script'],
  ['{', 'it is JSON text'],
  ['[{', 'it is JSON text'],
  ['[\n', 'it is JSON text'],
];

/** What docker and OCI have at the top of their archives. */
const DOCKER = /^(\.\/)?(blobs|oci-layout|index\.json|manifest\.json|repositories|[0-9a-f]{64}(\.json)?)(\/|$)/;

/** Whether a name at the top of an archive is one of an image of docker or OCI. */
export const isOfDocker = (name: string): boolean => DOCKER.test(name);

/** What a file is whose first bytes are no image's, if they tell. */
export const otherFile = (start: Buffer): string | undefined => {
  const text = start.toString('latin1');
  const [, known] = BEGINNINGS.find(([beginning]) => text.startsWith(beginning)) ?? [];
  if (known !== undefined || start.length < BLOCK) return known;
  const header = parseHeader(start);
  if (typeof header === 'string') return undefined;
  return isOfDocker(header.name)
    ? 'it is an image of docker or OCI'
    : `it is a tar archive that begins with ${JSON.stringify(header.name.slice(0, 100))}, and an image with "manifest" or "rootfs"`;
};
