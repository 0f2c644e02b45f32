export interface Result {
  readonly title: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  /** What TAP says below the line: comments and the error. */
  readonly details: string;
}

const LINE = /^(?<not>not )?ok \d+ - (?<title>.*?)(?: # (?<directive>SKIP|TODO))?$/;

/**
 * Reads the TAP that ava writes, line by line: give it each line, then `undefined` at the end; it hands over each result as
 * soon as the lines that belong to it are there. A test marked TODO counts as failed.
 */
export const tapReader = (onResult: (result: Result) => void): ((line: string | undefined) => void) => {
  let open: {title: string; outcome: Result['outcome']; details: string[]} | undefined;
  let inError = false;
  const close = () => {
    if (open) onResult({...open, details: open.details.join('\n')});
    open = undefined;
  };
  return (line) => {
    if (line === undefined) return close();
    if (open && inError) {
      open.details.push(line);
      if (line === '  ...') inError = false;
      return;
    }
    if (open && (line === '  ---' || line.startsWith('#   '))) {
      inError = line === '  ---';
      open.details.push(line);
      return;
    }
    close();
    const found = LINE.exec(line)?.groups;
    if (!found) return;
    const failed = found.not !== undefined || found.directive === 'TODO';
    open = {
      title: found.title ?? '',
      outcome: failed ? 'failed' : found.directive === 'SKIP' ? 'skipped' : 'passed',
      details: [],
    };
  };
};
