import {readFileSync} from 'node:fs';
import type {SourceOrigin} from 'node:module';
import {fileURLToPath} from 'node:url';

/**
 * A stack as it is in rkt's sources, which the build keeps beside what is shipped (`rkt.cjs.map`): names of functions are short there, and the places all in one line. From the sources
 * themselves, of what is not rkt's, and without a map it stays as it is.
 */
export const sourceStack = (stack: string): string => {
  const shipped = fileURLToPath(import.meta.url);
  const sources = stack.includes(`${shipped}:`) ? readMap(`${shipped}.map`) : undefined;
  if (sources === undefined) return stack;
  return stack.replace(FRAME, (frame, waits = '', file: string, line: string, column: string) => {
    if (file !== shipped) return frame;
    // Empty of what the map does not know.
    const {fileName, lineNumber, columnNumber}: Partial<SourceOrigin> = sources.findOrigin(
      Number(line),
      Number(column),
    );
    return fileName === undefined
      ? frame
      : `    at ${waits}${fileName.replace(UPWARDS, '')}:${lineNumber}:${columnNumber}`;
  });
};

const FRAME = /^ {4}at (async )?(?:[^\n(]* \()?(\/[^\n:]*):(\d+):(\d+)\)?$/gm;
/** From the directory of what is shipped. */
const UPWARDS = /^(\.\.\/)+/;

const readMap = (file: string) => {
  const {SourceMap} = process.getBuiltinModule('node:module');
  try {
    return new SourceMap(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // Whoever tells an error has none of his own.
    return undefined;
  }
};
