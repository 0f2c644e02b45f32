/*
 * Beside a log is a file of marks, `SECONDS SIZE` a line: whatever is before that size was written at that second since 1970 or before. They are made by
 * the pod's supervisor, if it has one for that, and by `rkt gc`. A log is bytes of the app and has no times of its own.
 */

/** Where the marks of a log are. */
export const timesPath = (log: string): string => `${log}.times`;

/** Milliseconds: a mark names the second, and a write takes a while. */
export const SLACK = 2000;

/**
 * Up to where a log was written before `since` for certain, by the text of its marks. What is no mark is passed over. A log that has become shorter was
 * cut off by its app: what was said of it before counts no more.
 * @param since milliseconds since 1970
 */
export const offsetBefore = (marks: string, since: number): number => {
  let [offset, last] = [0, 0];
  for (const line of marks.split('\n')) {
    const mark = /^(\d{1,12}) (\d{1,15})$/.exec(line);
    if (mark === null) continue;
    const [seconds, size] = [Number(mark[1]), Number(mark[2])];
    if (size < last) offset = 0;
    if (seconds * 1000 + SLACK < since) offset = Math.max(offset, size);
    last = size;
  }
  return offset;
};
