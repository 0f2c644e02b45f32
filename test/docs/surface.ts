import path from 'node:path';
import type {Node} from 'typescript/unstable/ast';
import {type Symbol as CompilerSymbol, SignatureKind, SymbolFlags, type Type} from 'typescript/unstable/sync';
import {type Compiler, root} from './compiler.ts';
import {docComment} from './doc-comment.ts';
import {makeTypeWriter, type TypeWriter} from './type-writer.ts';

/** One name of a type: `path` with `?` where it may be absent, through unnamed objects: `stage1Image?.directories`. */
export interface Member {
  readonly path: string;
  readonly type: string;
  readonly doc: string;
}

/** One of the shapes that a type can have. */
export interface Arm {
  /** The members that tell it from the others: `into: "host"`. */
  readonly told: string;
  readonly doc: string;
  readonly members: readonly Member[];
}

/** What a module exports by one name. */
export interface Exported {
  readonly name: string;
  readonly kind: 'type' | 'function' | 'value' | 'class';
  readonly doc: string;
  /** Shapes of objects; otherwise the type as it is written. */
  readonly shape: {readonly arms: readonly Arm[]} | {readonly text: string};
}

const resolved = ({checker}: Compiler, symbol: CompilerSymbol): CompilerSymbol =>
  symbol.flags & SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

const isType = ({flags}: CompilerSymbol): boolean => (flags & (SymbolFlags.TypeAlias | SymbolFlags.Interface)) !== 0;

/** The exports of a source file, by name. */
const exportsOf = (compiler: Compiler, file: string): [string, CompilerSymbol][] => {
  const source = compiler.program.getSourceFile(path.join(root, file));
  const module = source && compiler.checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is no module`);
  return compiler.checker
    .getExportsOfModule(module)
    .map((symbol): [string, CompilerSymbol] => [symbol.name, resolved(compiler, symbol)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
};

/** Everything that a module exports, by name; types are told by the names that `named`, a module too, has for them. */
export const surfaceOf = (compiler: Compiler, file: string, named = file): Exported[] => {
  const {checker} = compiler;
  const all = exportsOf(compiler, file);
  const names = new Map<string, CompilerSymbol>([...exportsOf(compiler, named), ...all]);
  const writer = makeTypeWriter(
    compiler,
    [...names].flatMap(([name, symbol]) =>
      isType(symbol) ? [{name, type: checker.getDeclaredTypeOfSymbol(symbol)}] : [],
    ),
  );
  return all.map(([name, symbol]) => describe(compiler, writer, name, symbol));
};

const describe = (compiler: Compiler, writer: TypeWriter, name: string, symbol: CompilerSymbol): Exported => {
  const {checker} = compiler;
  const doc = docOf(compiler, symbol);
  if (isType(symbol)) {
    const type = checker.getDeclaredTypeOfSymbol(symbol);
    const objects = writer.objectsOf(type);
    return {
      ...{name, kind: 'type', doc},
      shape:
        objects === undefined
          ? {text: writer.write(type, name)}
          : {arms: objects.map((one) => armOf(compiler, writer, one, objects.length > 1))},
    };
  }
  const type = checker.getTypeOfSymbol(symbol);
  if (type === undefined) throw new Error(`${name} has no type`);
  if (symbol.flags & SymbolFlags.Class) {
    const members = membersOf(compiler, writer, checker.getDeclaredTypeOfSymbol(symbol));
    const [made] = checker.getSignaturesOfType(type, SignatureKind.Construct);
    return {
      ...{name, kind: 'class', doc},
      shape: {arms: [{told: '', doc: '', members: [...writer.argumentsOf(made), ...members]}]},
    };
  }
  const [call] = checker.getSignaturesOfType(type, SignatureKind.Call);
  if (call === undefined) {
    const objects = writer.objectsOf(type);
    const [only, ...more] = objects ?? [];
    if (only === undefined || more.length > 0) return {name, kind: 'value', doc, shape: {text: writer.write(type)}};
    return {name, kind: 'value', doc, shape: {arms: [armOf(compiler, writer, only, false)]}};
  }
  const result = checker.getReturnTypeOfSignature(call);
  const returns = {path: 'returns', type: result === undefined ? 'void' : writer.write(result), doc: ''};
  return {
    ...{name, kind: 'function', doc},
    shape: {arms: [{told: '', doc: '', members: [...writer.argumentsOf(call), returns]}]},
  };
};

const armOf = (compiler: Compiler, writer: TypeWriter, type: Type, isOneOfMany: boolean): Arm => {
  const members = membersOf(compiler, writer, type);
  const told = members.filter(({path: name, type: text}) => !/[?.[]/.test(name) && /^("[^"]*"|true|false)$/.test(text));
  // The first ones may be of what all arms share.
  const last = compiler.checker.getPropertiesOfType(type).at(-1);
  return {
    told: isOneOfMany ? told.map(({path: name, type: text}) => `${name}: ${text}`).join(', ') : '',
    doc: isOneOfMany && last !== undefined ? docOfObject(compiler, last) : '',
    members,
  };
};

/** The members of an object type, and of unnamed objects in it. */
const membersOf = (compiler: Compiler, writer: TypeWriter, type: Type, before = ''): Member[] =>
  compiler.checker.getPropertiesOfType(type).flatMap((property): Member[] => {
    const given = compiler.checker.getTypeOfSymbol(property);
    if (given === undefined) throw new Error(`${property.name} has no type`);
    const isOptional = (property.flags & SymbolFlags.Optional) !== 0;
    const member = {path: `${before}${property.name}${isOptional ? '?' : ''}`, doc: docOf(compiler, property)};
    const inner = writer.innerObject(given);
    if (inner === undefined) return [{...member, type: writer.write(given, undefined, isOptional)}];
    const {object, suffix} = inner;
    return [
      ...(member.doc === '' ? [] : [{...member, path: `${member.path}${suffix}`, type: 'object'}]),
      ...membersOf(compiler, writer, object, `${member.path}${suffix}.`),
    ];
  });

const docOf = ({checker}: Compiler, symbol: CompilerSymbol): string =>
  symbol.getDocumentationComment(checker).replaceAll(/\s+/g, ' ').trim();

/** The comment before the object literal of a schema that a property stands in. */
const docOfObject = ({project}: Compiler, property: CompilerSymbol): string => {
  let node: Node | undefined = property.declarations[0]?.resolve(project)?.parent;
  // The literal, and the call that makes a schema of it.
  for (let up = 0; node !== undefined && up < 2; up++, node = node.parent) {
    const doc = docComment(node);
    if (doc !== '') return doc;
  }
  return '';
};
