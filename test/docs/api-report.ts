import type {Arm, Exported} from './surface.ts';

/**
 * A surface as text that can be compared line by line: a block for each name, and for each shape of it; members in the order of their names.
 *
 *     type AppPlace {in: "child"}
 *       generation: number
 *       in: "child"
 */
export const apiReport = (title: string, surface: readonly Exported[]): string =>
  [`# ${title}`, ...surface.flatMap(blocksOf)].join('\n\n').concat('\n');

const blocksOf = ({name, kind, shape}: Exported): string[] => {
  const head = `${kind} ${name}`;
  if ('text' in shape) return [`${head}\n  is: ${shape.text}`];
  return shape.arms.map((arm) => `${head}${arm.told === '' ? '' : ` {${arm.told}}`}${linesOf(arm)}`);
};

const linesOf = ({members}: Arm): string =>
  members
    .filter(({type}) => type !== 'object')
    .map(({path, type}) => `\n  ${path}: ${type}`)
    .sort()
    .join('');
