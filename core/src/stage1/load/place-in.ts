/** File and line of the first code below a directory that an error comes from. */
export const placeIn = (directory: string, cause: unknown): string | undefined => {
  const stack = cause instanceof Error ? (cause.stack ?? '') : '';
  const places = stack.split('\n').map((line) => /(\/[^()]*?:\d+)(?::\d+)?\)?$/.exec(line.trim())?.[1] ?? '');
  return places.map((place) => place.replace(/^\/+/, '/')).find((place) => place.startsWith(`${directory}/`));
};
