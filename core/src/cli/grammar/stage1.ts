import path from 'node:path';
import {flagConflict, flagValueInvalid} from '../errors.ts';

const FLAGS = ['stage1', 'stage1-url', 'stage1-path', 'stage1-name', 'stage1-hash', 'stage1-from-dir'] as const;
type Stage1Flag = (typeof FLAGS)[number];

/** What rkt's distributions put into the directory of stage1 images. */
const IMAGE_FILE = /^stage1-([a-z0-9-]+)\.aci$/;

/**
 * The one choice among `--stage1` and rkt's `--stage1-*`, for `findFlavor`.
 * @throws RKT_FLAG_CONFLICT, RKT_FLAG_VALUE_INVALID
 */
export const parseStage1 = (flags: {readonly [F in Stage1Flag]?: string | undefined}): string | undefined => {
  const [chosen, other] = FLAGS.filter((flag) => flags[flag] !== undefined);
  if (chosen === undefined) return undefined;
  if (other !== undefined) throw flagConflict(`--${chosen}`, `--${other}`);
  const value = flags[chosen] ?? '';
  if (value === '') throw flagValueInvalid(chosen, value, 'is empty', 'see "rkt flavor list"');
  if (chosen === 'stage1-path') return path.resolve(value);
  return chosen === 'stage1-from-dir' ? fromDirectory(value) : value;
};

const fromDirectory = (file: string): string => {
  const [, kind] = IMAGE_FILE.exec(file) ?? [];
  if (kind !== undefined) return `coreos.com/rkt/stage1-${kind}`;
  throw flagValueInvalid(
    'stage1-from-dir',
    file,
    "not one of rkt's stage1 images",
    'give the path of a flavor with --stage1, or see "rkt flavor list"',
  );
};
