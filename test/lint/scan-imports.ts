import {maskSource} from './mask-source.ts';

export interface Import {
  /** `null` when it is computed at run time. */
  readonly specifier: string | null;
  readonly line: number;
  /** `static` runs when the file is loaded, `type` never, `dynamic` when it is reached. */
  readonly form: 'static' | 'type' | 'dynamic';
  /** Names taken by `{a, b as c}` (`a` and `b`), `*` for a namespace, `default` for a default import. */
  readonly names: readonly string[];
}

const STATIC = /\b(?:import|export)\b(?<clause>[\w\s{},*$]*?)\bfrom\s*(?<quote>['"])/g;
const BARE = /\bimport\s*(?<quote>['"])/g;
const CALL = /\b(?<callee>import|require|getBuiltinModule)\s*\(\s*(?<quote>['"])?/g;

const namesOf = (clause: string): string[] => {
  const names = (/\{([^}]*)\}\s*$/.exec(clause)?.[1] ?? '')
    .split(',')
    .map(
      (name) =>
        name
          .trim()
          .replace(/^type\s+/, '')
          .split(/\s/)[0] ?? '',
    )
    .filter(Boolean);
  const outside = clause.replace(/\{[^}]*\}/, '').replace(/^\s*type\b/, '');
  if (outside.includes('*')) names.push('*');
  else if (/\w/.test(outside)) names.push('default');
  return names;
};

/** Every import, re-export, `import()`, `require()` and `getBuiltinModule()` of a TypeScript source, in order. */
export const scanImports = (source: string): Import[] => {
  const code = maskSource(source);
  const lineAt = (offset: number) => source.slice(0, offset).split('\n').length;
  const found: (Import & {at: number})[] = [];
  const add = (match: RegExpExecArray, form: Import['form'], names: string[]) => {
    const start = match.index + match[0].length;
    const quote = match.groups?.quote;
    const specifier = quote === undefined ? null : source.slice(start, code.indexOf(quote, start));
    found.push({at: match.index, line: lineAt(start), specifier, form, names});
  };
  for (const match of code.matchAll(STATIC)) {
    const clause = match.groups?.clause ?? '';
    add(match, /^\s*type\b(?!\s*(,|from))/.test(clause) ? 'type' : 'static', namesOf(clause));
  }
  for (const match of code.matchAll(BARE)) add(match, 'static', []);
  for (const match of code.matchAll(CALL)) {
    const before = code.slice(0, match.index);
    // A method that happens to be called `import` loads nothing.
    if (match.groups?.callee !== 'getBuiltinModule' && /\.\s*$/.test(before)) continue;
    const taken = /\{([^{}]*)\}\s*=\s*(?:await\s*)?(?:process\s*\.\s*)?$/.exec(before)?.[1];
    const names = taken?.split(',').map((name) => name.split(':')[0]?.trim() ?? '');
    add(match, /\btypeof\s+$/.test(before) ? 'type' : 'dynamic', names?.filter(Boolean) ?? ['*']);
  }
  return found.sort((a, b) => a.at - b.at).map(({at: _, ...entry}) => entry);
};
