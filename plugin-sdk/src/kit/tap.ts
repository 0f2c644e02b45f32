import type {Report} from './test-flavor.ts';

/** A report as lines of TAP 14. */
export const tap = ({outcomes}: Pick<Report, 'outcomes'>): string[] => [
  'TAP version 14',
  `1..${outcomes.length}`,
  ...outcomes.flatMap(({id, title, result, because = ''}, index) => {
    const line = `${index + 1} - ${oneLine(`${id} ${title}`)}`;
    if (result === 'failed') return [`not ok ${line}`, '  ---', `  because: ${JSON.stringify(because)}`, '  ...'];
    return [result === 'passed' ? `ok ${line}` : `ok ${line} # SKIP ${oneLine(`${result}: ${because}`)}`];
  }),
];

const oneLine = (text: string): string => text.replaceAll('\n', ' ').replaceAll('#', '\\#');
