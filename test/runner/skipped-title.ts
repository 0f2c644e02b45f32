const MARK = ' [cannot run here: ';

/** The title of a skipped test carries why, because TAP and ava have no other place for it. */
export const skippedTitle = (title: string, reason: string): string => `${title}${MARK}${reason}]`;

/** Takes a title apart again; `undefined` when the test was skipped without a reason. */
export const skipReason = (title: string): {title: string; reason: string | undefined} => {
  const at = title.lastIndexOf(MARK);
  return at === -1
    ? {title, reason: undefined}
    : {title: title.slice(0, at), reason: title.slice(at + MARK.length).replace(/\]$/, '')};
};
