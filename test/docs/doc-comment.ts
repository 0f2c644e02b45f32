import type {Node} from 'typescript/unstable/ast';

/** The text of the last `/** … *\/` right before a node, in one line; links are their words. */
export const docComment = (node: Node): string => {
  const text = node.getSourceFile().text.slice(node.getFullStart(), node.getStart());
  const [last = ''] = text.match(/\/\*\*(?:(?!\*\/)[\s\S])*\*\/(?=\s*$)/) ?? [];
  return last
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .replaceAll(/^\s*\*/gm, '')
    .replace(/@(param|throws|returns)[\s\S]*/, '')
    .replaceAll(/\{@link ([^}]+)\}/g, '`$1`')
    .replaceAll(/\s+/g, ' ')
    .trim();
};
