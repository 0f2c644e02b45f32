import {readFileSync} from 'node:fs';
import path from 'node:path';
import {
  isArrayLiteralExpression,
  isArrowFunction,
  isBlock,
  isCallExpression,
  isConditionalExpression,
  isIdentifier,
  isNewExpression,
  isNoSubstitutionTemplateLiteral,
  isNumericLiteral,
  isObjectLiteralExpression,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isReturnStatement,
  isShorthandPropertyAssignment,
  isSpreadAssignment,
  isSpreadElement,
  isStringLiteral,
  isTemplateExpression,
  isVariableStatement,
  type Node,
  type SourceFile,
} from 'typescript/unstable/ast';
import {type Compiler, root} from './compiler.ts';
import {docComment} from './doc-comment.ts';

/** One place that makes an error of a code. */
export interface ErrorSource {
  readonly code: string;
  readonly file: string;
  /** The comment of the factory. */
  readonly meaning: string;
  /** What it says, with `‹name›` for a value: more than one where it depends. */
  readonly says: readonly string[];
  readonly hints: readonly string[];
  readonly fields: readonly string[];
  /** Nothing: 254. */
  readonly exitCode: string | undefined;
}

/** A code that is made: after `new SomeError(`. */
const MADE = /\bnew \w*Error\(\s*'RKT_[A-Z0-9_]+'/;

/** Every place of these files, relative to the root, that makes an error with a code. */
export const errorSources = ({program}: Compiler, files: readonly string[]): ErrorSource[] =>
  files
    .filter((file) => MADE.test(readFileSync(path.join(root, file), 'utf8')))
    .flatMap((file) => {
      const source = program.getSourceFile(path.join(root, file));
      if (source === undefined) throw new Error(`the compiler does not know ${file}`);
      return newErrors(source).map((node) => describe(file, source, node));
    });

const newErrors = (source: SourceFile): Node[] => {
  const found: Node[] = [];
  const visit = (node: Node): void => {
    if (isNewExpression(node) && codeOf(node) !== undefined) found.push(node);
    node.forEachChild(visit);
  };
  visit(source);
  return found;
};

const codeOf = (node: Node): string | undefined => {
  const first = isNewExpression(node) ? node.arguments?.[0] : undefined;
  return first !== undefined && isStringLiteral(first) && first.text.startsWith('RKT_') ? first.text : undefined;
};

const describe = (file: string, source: SourceFile, node: Node): ErrorSource => {
  const [, message, ...more] = isNewExpression(node) ? (node.arguments ?? []) : [];
  const details = more.find(isObjectLiteralExpression);
  const {fields, hint, exitCode} = detailsOf(details);
  // Errors of units have their hint before the fields.
  const hintNode = hint ?? (more.length > 1 ? more[0] : undefined);
  return {
    code: codeOf(node) ?? '',
    file,
    meaning: docComment(statementOf(node)),
    says: message === undefined ? [] : wordsOf(message, source),
    hints: hintNode === undefined ? [] : wordsOf(hintNode, source),
    fields,
    exitCode: exitCode === undefined ? undefined : isNumericLiteral(exitCode) ? exitCode.text : 'as it is called',
  };
};

const NO_FIELDS = new Set(['cause', 'exitCode', 'hint']);

const detailsOf = (details: Node | undefined): {fields: string[]; hint?: Node; exitCode?: Node} => {
  if (details === undefined || !isObjectLiteralExpression(details)) return {fields: []};
  const named = new Map<string, Node>();
  const add = (properties: readonly Node[]): void => {
    for (const property of properties) {
      if (isShorthandPropertyAssignment(property)) named.set(property.name.getText(), property.name);
      else if (isPropertyAssignment(property)) named.set(property.name.getText(), property.initializer);
      else if (isSpreadAssignment(property)) property.forEachChild(addSpread);
    }
  };
  // `...(x === undefined ? {} : {x})`
  const addSpread = (node: Node): void => {
    if (isObjectLiteralExpression(node)) add(node.properties);
    else node.forEachChild(addSpread);
  };
  add(details.properties);
  const [hint, exitCode] = [named.get('hint'), named.get('exitCode')];
  return {
    fields: [...named.keys()].filter((name) => !NO_FIELDS.has(name)),
    ...(hint !== undefined && {hint}),
    ...(exitCode !== undefined && {exitCode}),
  };
};

const statementOf = (node: Node): Node => {
  let statement = node;
  while (statement.parent !== undefined && !isVariableStatement(statement)) statement = statement.parent;
  return statement;
};

/** What an expression says: its words, with `‹name›` for what is only known when it happens. */
const wordsOf = (node: Node, source: SourceFile): string[] => {
  if (isStringLiteral(node) || isNoSubstitutionTemplateLiteral(node)) return [node.text];
  if (isConditionalExpression(node)) return [...wordsOf(node.whenTrue, source), ...wordsOf(node.whenFalse, source)];
  if (isArrayLiteralExpression(node)) return node.elements.flatMap((element) => wordsOf(element, source));
  if (isSpreadElement(node)) return wordsOf(node.expression, source);
  if (isTemplateExpression(node)) {
    const [only, ...more] = node.templateSpans;
    if (only !== undefined && more.length === 0 && `${node.head.text}${only.literal.text}` === '')
      return wordsOf(only.expression, source);
    const spans = node.templateSpans.map(({expression, literal}) => `${hole(expression, source)}${literal.text}`);
    return [`${node.head.text}${spans.join('')}`];
  }
  if (isCallExpression(node)) {
    const joined = isPropertyAccessExpression(node.expression) ? node.expression.expression : undefined;
    if (joined !== undefined && isArrayLiteralExpression(joined)) {
      const [separator] = node.arguments;
      const between =
        separator !== undefined && isStringLiteral(separator) ? separator.text.replaceAll('\n', ' ') : ' ';
      return [joined.elements.flatMap((element) => wordsOf(element, source)[0] ?? []).join(between)];
    }
    const body = isIdentifier(node.expression) ? bodyOf(node.expression.text, source) : undefined;
    return body === undefined ? [hole(node, source)] : wordsOf(body, source);
  }
  if (isIdentifier(node)) {
    const initial = defaultOf(node);
    return initial === undefined ? [hole(node, source)] : wordsOf(initial, source);
  }
  const {left, right, expression} = node as {left?: Node; right?: Node; expression?: Node};
  if (left !== undefined && right !== undefined)
    return [...wordsOf(left, source), ...wordsOf(right, source)].filter((words) => words !== '…');
  return expression === undefined || isPropertyAccessExpression(node)
    ? [hole(node, source)]
    : wordsOf(expression, source);
};

/** The expression that a function of the file returns. */
const bodyOf = (name: string, source: SourceFile): Node | undefined => {
  for (const statement of source.statements) {
    if (!isVariableStatement(statement)) continue;
    for (const {name: declared, initializer} of statement.declarationList.declarations) {
      if (declared.getText() !== name || initializer === undefined || !isArrowFunction(initializer)) continue;
      const {body} = initializer;
      if (!isBlock(body)) return body;
      const last = body.statements.at(-1);
      return last !== undefined && isReturnStatement(last) ? last.expression : undefined;
    }
  }
  return undefined;
};

/** `hint = 'leave one of them out'` of a parameter. */
const defaultOf = (node: Node & {readonly text: string}): Node | undefined => {
  let up: Node | undefined = node;
  while (up !== undefined && !isArrowFunction(up)) up = up.parent;
  const parameter =
    up === undefined || !isArrowFunction(up) ? undefined : up.parameters.find(({name}) => name.getText() === node.text);
  return parameter?.initializer;
};

const MAX_HOLE = 30;

const hole = (node: Node, source: SourceFile): string => {
  if (isIdentifier(node)) return `‹${node.text}›`;
  if (isPropertyAccessExpression(node) && node.getText(source).length <= MAX_HOLE)
    return `‹${node.getText(source).replaceAll(/\?/g, '')}›`;
  if (isCallExpression(node)) {
    const [first] = node.arguments;
    const of = isPropertyAccessExpression(node.expression) ? node.expression.expression : first;
    if (of !== undefined && (isIdentifier(of) || isPropertyAccessExpression(of))) return hole(of, source);
  }
  return '…';
};
