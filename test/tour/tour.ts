/*
 * The tour of README.md is executed, so it is written to a convention:
 *
 * - It is the section whose heading contains "tour" or "five minutes", up to the next heading of that level or above.
 * - Blocks fenced as ```console hold commands, each after `$ `, and below each what it prints (standard output and error together).
 *   A command goes on in lines that start with `> `. `…` in a line of output stands for any text, a line that is only `…` for any lines. Nothing below a command:
 *   its output does not matter.
 * - A command must end with 0, or with 254 if what it prints begins with `rkt: ` or `rkt COMMAND: `. A comment at its end says otherwise: `$ rkt run … # exit code 3`.
 * - Blocks fenced as ```sh are scripts of which every command must succeed. All other blocks are not executed.
 * - Everything runs in one bash, in an empty directory, in order: variables, `cd` and background jobs last. `rkt` is the built one on a data
 *   directory of the test's own; `sudo` is there and does nothing but run what follows. Jobs that are left end with it.
 */

export interface TourCommand {
  readonly command: string;
  readonly exitCode: number;
  /** `undefined`: does not matter. */
  readonly output: readonly string[] | undefined;
}

const heading = (line: string) => /^(#+)\s+(.*)$/.exec(line);

/** The lines of the tour section. */
const tourLines = (markdown: string): string[] => {
  const lines = markdown.split('\n');
  const start = lines.findIndex((line) => /tour|five minutes/i.test(heading(line)?.[2] ?? ''));
  if (start === -1) return [];
  const level = heading(lines[start] ?? '')?.[1]?.length ?? 0;
  const rest = lines.slice(start + 1);
  let fenced = false;
  const end = rest.findIndex((line) => {
    if (line.startsWith('```')) fenced = !fenced;
    return !fenced && (heading(line)?.[1]?.length ?? Number.POSITIVE_INFINITY) <= level;
  });
  return end === -1 ? rest : rest.slice(0, end);
};

const consoleCommands = (lines: readonly string[]): TourCommand[] => {
  const commands: {lines: string[]; output: string[]}[] = [];
  for (const line of lines) {
    const last = commands.at(-1);
    if (line.startsWith('$ ')) commands.push({lines: [line.slice(2)], output: []});
    else if (line.startsWith('> ') && last?.output.length === 0) last.lines.push(line.slice(2));
    else if (last) last.output.push(line);
    else throw new Error(`output before any command: ${line}`);
  }
  return commands.map(({lines: words, output}) => {
    const command = words.join('\n');
    return {
      command,
      exitCode: Number(
        /#\s*exit code (\d+)\s*$/.exec(command)?.[1] ?? (/^rkt( [a-z- ]+)?: /.test(output[0] ?? '') ? 254 : 0),
      ),
      output: output.length > 0 ? output : undefined,
    };
  });
};

/** The commands of a README's tour, in order. */
export const tourCommands = (markdown: string): TourCommand[] => {
  const commands: TourCommand[] = [];
  let open: {kind: string; lines: string[]} | undefined;
  for (const line of tourLines(markdown)) {
    const fence = /^```(\w*)\s*$/.exec(line);
    if (!fence) open?.lines.push(line);
    else if (!open) open = {kind: fence[1] ?? '', lines: []};
    else {
      if (open.kind === 'console') commands.push(...consoleCommands(open.lines));
      if (open.kind === 'sh') commands.push({command: open.lines.join(' &&\n'), exitCode: 0, output: undefined});
      open = undefined;
    }
  }
  return commands;
};

/** Whether output is what the tour says. */
export const matches = (expected: readonly string[], actual: string): boolean => {
  const pattern = expected
    .map((line) => {
      if (line.trim() === '…') return '(?:[^\\n]*\\n)*?';
      return `${line
        .trimEnd()
        .split('…')
        .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('[^\\n]*')}[ \\t]*\\n`;
    })
    .join('');
  return new RegExp(`^${pattern}$`).test(actual.endsWith('\n') || actual === '' ? actual : `${actual}\n`);
};

const MARK = '\u001e';

/** One script of all commands, which marks where the output of each begins and what its exit code was. */
export const tourScript = (commands: readonly TourCommand[]): string =>
  `trap 'kill $(jobs -p) 2>/dev/null' EXIT\n${commands.map(({command}) => `${command}\nprintf '${MARK}%s\\n' "$?"\n`).join('')}`;

/** Takes the output of {@link tourScript} apart. */
export const tourResults = (output: string): {output: string; exitCode: number}[] =>
  [...output.matchAll(new RegExp(`([^${MARK}]*)${MARK}(\\d+)\\n`, 'g'))].map(([, text = '', code]) => ({
    output: text,
    exitCode: Number(code),
  }));
