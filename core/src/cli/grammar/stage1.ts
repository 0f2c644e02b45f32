import path from 'node:path';
import {FROM_DIRECTORY} from '../../stage1/choice/from-directory.ts';
import {flagConflict, flagValueInvalid} from '../errors.ts';

const FLAGS = ['stage1', 'stage1-url', 'stage1-path', 'stage1-name', 'stage1-hash', 'stage1-from-dir'] as const;
type Stage1Flag = (typeof FLAGS)[number];

/**
 * The one choice among `--stage1` and rkt's `--stage1-*`, for `chooseFlavor`.
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
  if (file.includes('/') || file === '.' || file === '..')
    throw flagValueInvalid(
      'stage1-from-dir',
      file,
      'not the name of a file',
      'give the path of a flavor or image with --stage1-path, or see "rkt flavor list"',
    );
  return `${FROM_DIRECTORY}${file}`;
};
