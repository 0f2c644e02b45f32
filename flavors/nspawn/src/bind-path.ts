/** A path in an argument of `--bind`, where `:` separates and `\` escapes. */
export const bindPath = (path: string): string => path.replace(/[\\:]/g, (special) => `\\${special}`);
