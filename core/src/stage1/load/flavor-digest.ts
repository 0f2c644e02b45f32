import {type DigestedPart, ENTRY, type FlavorPart} from './flavor-parts.ts';

/** `sha256-…` of what a flavor is made of, wherever that is: of one file the digest of its content, of more that of the list of them. */
export const flavorDigest = (parts: readonly (FlavorPart | DigestedPart)[]): string => {
  const [one, other] = parts.toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const isOneFile = parts.length === 2 && one?.at === ENTRY && 'link' in one && one.link === other?.at;
  if (isOneFile && 'content' in other && other.at.startsWith('program/')) return sha256(other.content);
  const list = parts.map((part) => [part.at, 'link' in part ? `to ${part.link}` : digestOf(part)]);
  return sha256(JSON.stringify(list.sort(([a = ''], [b = '']) => (a < b ? -1 : 1))));
};

const digestOf = (part: Exclude<FlavorPart | DigestedPart, {link: string}>): string =>
  'digest' in part ? part.digest : sha256(part.content);

// Loaded when needed: a flavor of rkt's build has been digested before.
const sha256 = (content: Buffer | string): string =>
  `sha256-${process.getBuiltinModule('node:crypto').hash('sha256', content)}`;
