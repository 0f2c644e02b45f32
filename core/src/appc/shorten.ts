/** Longest piece of an untrusted value that an error repeats. */
const MAX_EXCERPT = 80;

/** Cuts text for an error message. */
export const shorten = (text: string): string =>
  text.length > MAX_EXCERPT ? `${text.slice(0, MAX_EXCERPT - 1)}…` : text;
