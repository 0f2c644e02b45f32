/** A key of JSON that its object has twice. */
interface DuplicateKey {
  /** As in `credentials.user`. */
  readonly path: string;
  /** Of the text, in which it is the second time. */
  readonly line: number;
}

/** An array or object whose end has not been seen. */
interface Open {
  /** So far; absent in an array. */
  readonly keys?: Set<string>;
  /** Where in it the scanner is. */
  at: string | number;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[[\]{},]/g;
const COLON = /\s*:/y;

/** The first key that occurs twice in one object of a text that `JSON.parse` has accepted, which takes the last and hides the others. */
export const duplicateKey = (json: string): DuplicateKey | undefined => {
  const open: Open[] = [];
  for (const {0: token, index} of json.matchAll(TOKEN)) {
    const top = open.at(-1);
    if (token === '{') open.push({keys: new Set(), at: ''});
    else if (token === '[') open.push({at: 0});
    else if (token === '}' || token === ']') open.pop();
    else if (token === ',') {
      if (typeof top?.at === 'number') top.at += 1;
    } else if (top?.keys !== undefined && isKey(json, index + token.length)) {
      // Both spellings of a letter are the same key.
      top.at = String(JSON.parse(token));
      if (top.keys.has(top.at))
        return {path: open.map(({at}) => at).join('.'), line: json.slice(0, index).split('\n').length};
      top.keys.add(top.at);
    }
  }
  return undefined;
};

const isKey = (json: string, end: number): boolean => {
  COLON.lastIndex = end;
  return COLON.test(json);
};
