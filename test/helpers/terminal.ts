import {type ChildProcess, spawn} from 'node:child_process';
import path from 'node:path';
import {rktEnvironment} from './command.ts';
import {slowly} from './slowly.ts';

/** A program on a terminal of its own, as somebody who sits there sees it. */
export interface Terminal {
  /** Of the parent of that program. */
  readonly pid: number;
  readonly type: (text: string) => void;
  readonly resize: (rows: number, columns: number) => void;
  /** Waits until this has come since the last thing that was waited for. */
  readonly see: (pattern: RegExp) => Promise<RegExpExecArray>;
  /** Exit status, and whether the program left the terminal in the mode it found it in. */
  readonly ended: Promise<{status: number | null; restored: boolean; text: string}>;
  readonly close: () => void;
}

const PROGRAM = path.join(import.meta.dirname, 'terminal.py');
const PATIENCE = slowly(60_000);

export const openTerminal = (command: readonly string[]): Terminal => {
  const child: ChildProcess = spawn('/usr/bin/python3', [PROGRAM, ...command], {env: rktEnvironment});
  const watchers = new Set<() => void>();
  let [text, seen, said] = ['', 0, ''];
  const changed = () => {
    for (const watcher of watchers) watcher();
  };
  child.stdout?.setEncoding('utf8').on('data', (data: string) => {
    text += data;
    changed();
  });
  child.stderr?.setEncoding('utf8').on('data', (data: string) => {
    said += data;
  });
  let over = false;
  const ended = new Promise<Awaited<Terminal['ended']>>((resolve) => {
    child.on('close', (status) => {
      over = true;
      changed();
      resolve({status, restored: said === 'restored', text});
    });
  });
  const order = (value: object) => child.stdin?.write(`${JSON.stringify(value)}\n`);
  const see: Terminal['see'] = (pattern) =>
    new Promise((resolve, reject) => {
      const settle = (done: () => void) => {
        watchers.delete(look);
        clearTimeout(timer);
        done();
      };
      const look = () => {
        const match = pattern.exec(text.slice(seen));
        if (match !== null) {
          seen += match.index + match[0].length;
          settle(() => resolve(match));
        } else if (over) settle(() => reject(new Error(`ended without ${pattern}: ${JSON.stringify(text)}`)));
      };
      const late = () => settle(() => reject(new Error(`no ${pattern} in ${JSON.stringify(text.slice(seen))}`)));
      const timer = setTimeout(late, PATIENCE);
      watchers.add(look);
      look();
    });
  return {
    pid: child.pid ?? 0,
    type: (typed) => order({type: typed}),
    resize: (rows, columns) => order({rows, columns}),
    see,
    ended,
    close: () => child.kill('SIGKILL'),
  };
};
