import {readFileSync} from 'node:fs';
import path from 'node:path';
import {ownPackage} from '../stage1/load/package-trees.ts';
import {suggest} from '../suggest.ts';
import {errorCodeUnknown} from './errors.ts';

/**
 * What ERRORS.md of this package says about a code: lines, the code first.
 * @throws RKT_ERROR_CODE_UNKNOWN
 */
export const errorPage = (code: string): string[] => {
  const [, ...sections] = readFileSync(path.join(ownPackage(), 'ERRORS.md'), 'utf8').split(/^## /m);
  const pages = new Map(
    sections.map((section) => {
      const lines = section.trimEnd().split('\n');
      return [lines[0] ?? '', lines] as const;
    }),
  );
  const page = pages.get(code);
  if (page === undefined) throw errorCodeUnknown(code, suggest(code, [...pages.keys()]));
  return page;
};
