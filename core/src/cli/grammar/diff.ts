import {flagConflict, flagValueInvalid} from '../errors.ts';

const AT_MOST = 4;

/**
 * The flavors of `--diff`; `undefined` without it.
 * @param html how `--format` asks for a page, which only a comparison can be
 * @throws RKT_FLAG_VALUE_INVALID, RKT_FLAG_CONFLICT
 */
export const parseDiff = (
  flags: {readonly diff: string | undefined; readonly format: string | undefined; readonly explain: boolean} & Readonly<
    Record<string, unknown>
  >,
  {html}: {readonly html: string},
): string[] | undefined => {
  const {diff, format, explain} = flags;
  if (diff === undefined) {
    if (format !== html) return undefined;
    throw flagValueInvalid('format', html, 'only a comparison is a page', 'write --diff=FLAVOR,FLAVOR, too');
  }
  if (explain) throw flagConflict('--diff', '--explain');
  const chosen = Object.keys(flags).find((name) => name.startsWith('stage1') && flags[name] !== undefined);
  if (chosen !== undefined) throw flagConflict('--diff', `--${chosen}`);
  const flavors = diff.split(',');
  const example = 'write --diff=fly,nspawn';
  if (flavors.includes('')) throw flagValueInvalid('diff', diff, 'a flavor has no name', example);
  if (flavors.length < 2 || flavors.length > AT_MOST)
    throw flagValueInvalid('diff', diff, `${flavors.length} flavors, and two to ${AT_MOST} are compared`, example);
  const twice = flavors.find((name, index) => flavors.indexOf(name) !== index);
  if (twice !== undefined) throw flagValueInvalid('diff', diff, `"${twice}" is there twice`, example);
  return flavors;
};
