import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {acIdentifier} from '../appc/names.ts';
import type {HostPath, ImageId} from '../contract/names.ts';
import {imageReferenceInvalid, imageSourceUnsupported} from './errors.ts';
import {isImageId} from './image-ids.ts';

/** What an operator can call an image by. */
export type ImageReference =
  | {readonly kind: 'id'; readonly id: ImageId}
  /** `sha512-` and at least two digits. */
  | {readonly kind: 'prefix'; readonly prefix: string}
  | {readonly kind: 'file'; readonly path: HostPath}
  | {readonly kind: 'name'; readonly name: string; readonly labels: Readonly<Record<string, string>>};

/** Schemes of rkt, and whatever else looks like a URL. */
const SCHEME = /^([a-z][a-z0-9+.-]*):\/\/|^(cimd|docker|oci|ipfs):/i;

/**
 * Parses what was typed for an image: an ID or its beginning; a path (absolute, beginning with `./` or `../`, or an existing `.aci`);
 * `name[:version][,label=value…]`.
 * @throws RKT_IMAGE_REFERENCE_INVALID, RKT_IMAGE_SOURCE_UNSUPPORTED
 */
export const parseReference = (text: string): ImageReference => {
  if (isImageId(text)) return {kind: 'id', id: text};
  if (text.startsWith('sha512-')) return parsePrefix(text);
  const url = SCHEME.exec(text);
  if (url?.[1]?.toLowerCase() === 'file') return toFile(text, decodePath(text));
  if (url !== null) throw imageSourceUnsupported(text, (url[1] ?? url[2] ?? '').toLowerCase());
  if (/^\.{0,2}\//.test(text) || (text.endsWith('.aci') && existsSync(text))) return toFile(text, text);
  return parseName(text);
};

const parsePrefix = (text: string): ImageReference => {
  if (!/^sha512-[0-9a-f]{2,127}$/.test(text)) {
    throw imageReferenceInvalid(
      text,
      'the beginning of an ID is "sha512-" and 2 to 127 hexadecimal digits in lower case',
    );
  }
  return {kind: 'prefix', prefix: text};
};

const decodePath = (text: string): string => {
  try {
    const {host, pathname} = new URL(text);
    if (host === '') return decodeURIComponent(pathname);
  } catch {
    // Said below.
  }
  throw imageReferenceInvalid(text, 'a file URL is file:///PATH');
};

const toFile = (text: string, path: string): ImageReference => {
  if (path.includes('\0')) throw imageReferenceInvalid(text, 'a path cannot contain a NUL byte');
  return {kind: 'file', path: resolve(path) as HostPath};
};

const parseName = (text: string): ImageReference => {
  const [head = '', ...pairs] = text.split(',');
  const colon = head.indexOf(':');
  const name = colon === -1 ? head : head.slice(0, colon);
  if (!acIdentifier.safeParse(name).success) {
    throw imageReferenceInvalid(text, `"${name}" is neither a file nor a name of lower-case letters, digits and -._~/`);
  }
  const labels = new Map<string, string>();
  const add = (label: string, value: string): void => {
    if (!acIdentifier.safeParse(label).success || label === 'name') {
      throw imageReferenceInvalid(text, `"${label}" is not the name of a label`);
    }
    if (value === '') throw imageReferenceInvalid(text, `the label "${label}" has no value`);
    if (labels.has(label)) throw imageReferenceInvalid(text, `the label "${label}" is given twice`);
    labels.set(label, value);
  };
  if (colon !== -1) add('version', head.slice(colon + 1));
  for (const pair of pairs) {
    const equals = pair.indexOf('=');
    if (equals === -1) throw imageReferenceInvalid(text, `"${pair}" is not LABEL=VALUE`);
    add(pair.slice(0, equals), pair.slice(equals + 1));
  }
  return {kind: 'name', name, labels: Object.fromEntries(labels)};
};
