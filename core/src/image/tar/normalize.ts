import type {TarLimits} from '../limits.ts';

/**
 * The one spelling of a name that may be written in several ways: `./a/./b/` and `a//b` are `a/b`, `./` is `''`. Whatever could lead
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
  if (raw === '') return {problem: 'its name is empty'};
  if (!directory && /(^|\/)\.?$/.test(raw)) return {problem: 'its name is that of a directory, but it is not one'};
  const components = raw.split('/').filter((component) => component !== '' && component !== '.');
  for (const component of components) {
    if (component === '..') return {problem: 'its name has the component ".."'};
    if (component.length > limits.nameBytes)
      return {problem: `its name has a component longer than ${limits.nameBytes} bytes`};
  }
  return {path: components.join('/')};
};
