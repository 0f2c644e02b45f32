/** A report of `api-report.ts`, taken apart: its title, and lines by block and member. */
interface Report {
  readonly title: string;
  readonly blocks: ReadonlyMap<string, ReadonlyMap<string, {readonly isOptional: boolean; readonly type: string}>>;
}

const parse = (report: string): Report => {
  const [title = '', ...blocks] = report.trimEnd().split('\n\n');
  return {
    title,
    blocks: new Map(
      blocks.map((block) => {
        const [head = '', ...lines] = block.split('\n');
        return [head, new Map(lines.map(memberOf))] as const;
      }),
    ),
  };
};

/** The path without its marks is what a member is found by: to be optional or not is no other member. */
const memberOf = (line: string): readonly [string, {isOptional: boolean; type: string}] => {
  const at = line.indexOf(': ');
  const path = line.slice(0, at).trim();
  return [path.replaceAll('?', ''), {isOptional: path.includes('?'), type: line.slice(at + 2)}];
};

/** What a flavor makes: a member that it has to have is missing in every flavor that there is. The process is the core's, and handed on. */
const MADE_BY_FLAVORS =
  /^type (AppPlace|Declaration|Finding|Flavor|Launch|Location|Redirection|Step|StopStep|Support)\b/;
/** And of these the core takes older flavors without (`FEATURES_SINCE`): a new name is a minor version. */
const GROWING = /^(isolators|features|verbs)\./;

/** What has to be there still: of a set or list of names each, of any other type the whole. */
const unionOf = (type: string): Set<string> => {
  const [, listed] = /^readonly \[("[^\]]*)\]$/.exec(type) ?? [];
  return new Set(listed === undefined ? type.split(' | ') : listed.split(', '));
};
const isSubset = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean => [...a].every((one) => b.has(one));

/**
 * What of a report is gone or another in a later one: a name, a member, an argument, a value of a set; and what is new and has to be given. What is new and may be
 * left out, and a set that has grown, breaks nobody.
 */
export const breakingChanges = (before: string, after: string): string[] => {
  const [old, now] = [parse(before), parse(after)];
  return [...old.blocks].flatMap(([head, members]) => {
    const found = now.blocks.get(head);
    if (found === undefined) return [`${head}: gone`];
    const changed = [...members].flatMap(([path, {isOptional, type}]) => {
      const member = found.get(path);
      if (member === undefined) return [`${head}: ${path} is gone`];
      if (!isSubset(unionOf(type), unionOf(member.type)))
        return [`${head}: ${path} was ${type}, and is ${member.type}`];
      return isOptional && !member.isOptional && mustBeGiven(head, path)
        ? [`${head}: ${path} may no longer be left out`]
        : [];
    });
    const added = [...found].flatMap(([path, {isOptional}]) =>
      !members.has(path) && !isOptional && mustBeGiven(head, path)
        ? [`${head}: ${path} is new, and has to be given`]
        : [],
    );
    return [...changed, ...added];
  });
};

const mustBeGiven = (head: string, path: string): boolean =>
  (MADE_BY_FLAVORS.test(head) && !GROWING.test(path)) ||
  (/^(function|class) /.test(head) && path.startsWith('argument '));

/** The major version in the title of a report: `# @rkt/core/contract 1.1.0`. */
const majorOf = (report: string): string => /^# \S+ (\d+)\./.exec(report)?.[1] ?? '';

/** What breaks from one report to a later one of the same major version: nothing may. */
export const forbiddenChanges = (before: string, after: string): string[] =>
  majorOf(before) === majorOf(after) ? breakingChanges(before, after) : [];
