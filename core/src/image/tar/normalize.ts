import type {TarLimits} from '../limits.ts';

/**
 * The one spelling of a name that may be written in several ways: `./a/b/` and `a/b` are `a/b`, `./` is `''`. Whatever could lead
 * elsewhere, or be read differently by another tool, is a problem.
 */
export const normalizeName = (
  raw: string,
  directory: boolean,
  limits: TarLimits,
): {path: string} | {problem: string} => {
  if (raw.length > limits.pathBytes) return {problem: `its name is longer than ${limits.pathBytes} bytes`};
  if (raw.includes('\0')) return {problem: 'its name contains a NUL byte'};
  if (raw.startsWith('/')) return {problem: 'its name is absolute'};
  let path = raw === '.' ? '' : raw.startsWith('./') ? raw.slice(2) : raw;
  if (raw === '') return {problem: 'its name is empty'};
  if (path.endsWith('/')) {
    if (!directory) return {problem: 'its name ends with a slash, but it is not a directory'};
    path = path.slice(0, -1);
  }
  if (path === '') return raw.startsWith('.') ? {path} : {problem: 'its name is empty'};
  for (const component of path.split('/')) {
    if (component === '') return {problem: 'its name has an empty component'};
    if (component === '.' || component === '..') return {problem: `its name has the component "${component}"`};
    if (component.length > limits.nameBytes)
      return {problem: `its name has a component longer than ${limits.nameBytes} bytes`};
  }
  return {path};
};
