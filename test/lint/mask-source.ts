const FILLER = '\u0001';
const BEFORE_REGEX =
  /(?:^|[=(,:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|delete|void|throw|new|await|yield))\s*$/;

const blank = (text: string): string => text.replace(/[^\n]/g, ' ');
const fill = (text: string): string => text.replace(/[^\n]/g, FILLER);

/** End (exclusive) of the quoted string or regular expression that starts at `start`. */
const endOfQuoted = (source: string, start: number): number => {
  const close = source[start];
  let inClass = false;
  for (let at = start + 1; at < source.length; at++) {
    const char = source[at];
    if (char === '\\') at++;
    else if (char === '\n') return at;
    else if (close === '/' && char === '[') inClass = true;
    else if (close === '/' && char === ']') inClass = false;
    else if (char === close && !inClass) return at + 1;
  }
  return source.length;
};

/**
 * The source with everything that is not code taken out, offset for offset: comments and regular expressions become
 * spaces, the contents of strings and templates become filler between their quotes. What is left can be searched with
 * patterns that cannot be fooled by text.
 */
export const maskSource = (source: string): string => {
  let out = '';
  /** Depth of braces in each template substitution that is open. */
  const templates: number[] = [];
  const templateText = (start: number): number => {
    let at = start;
    while (at < source.length && source[at] !== '`' && !source.startsWith('${', at)) at += source[at] === '\\' ? 2 : 1;
    out += fill(source.slice(start, at));
    if (source[at] === '`') {
      out += '`';
      return at + 1;
    }
    templates.push(0);
    out += '${';
    return at + 2;
  };
  for (let at = 0; at < source.length; ) {
    const char = source[at] ?? '';
    const pair = source.slice(at, at + 2);
    const open = templates.length - 1;
    if (pair === '//' || pair === '/*') {
      const found = pair === '//' ? source.indexOf('\n', at) : source.indexOf('*/', at + 2) + 2;
      const end = found < at + 2 ? source.length : found;
      out += blank(source.slice(at, end));
      at = end;
    } else if (char === "'" || char === '"') {
      const end = endOfQuoted(source, at);
      out += char + fill(source.slice(at + 1, end - 1)) + char;
      at = end;
    } else if (char === '/' && BEFORE_REGEX.test(out.slice(-80))) {
      const end = endOfQuoted(source, at);
      out += blank(source.slice(at, end));
      at = end;
    } else if (char === '`') {
      out += char;
      at = templateText(at + 1);
    } else if (char === '}' && open >= 0 && templates[open] === 0) {
      templates.pop();
      out += char;
      at = templateText(at + 1);
    } else {
      if (open >= 0) templates[open] = (templates[open] ?? 0) + (char === '{' ? 1 : char === '}' ? -1 : 0);
      out += char;
      at++;
    }
  }
  return out;
};
