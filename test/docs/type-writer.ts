import {
  type Symbol as CompilerSymbol,
  NodeBuilderFlags,
  type Signature,
  SignatureKind,
  SymbolFlags,
  type Type,
  TypeFlags,
} from 'typescript/unstable/sync';
import type {Compiler} from './compiler.ts';

/** Writes types as an author would: by their names, where the contract has one. */
export interface TypeWriter {
  /** @param own the name of the type itself, which is told by what it is. @param optional leaves out `undefined`. */
  readonly write: (type: Type, own?: string, optional?: boolean) => string;
  /** The shapes of a type that is an object or several, or nothing. */
  readonly objectsOf: (type: Type) => readonly Type[] | undefined;
  /** The unnamed object that a member is, or an array of; `suffix` is `[]` then. */
  readonly innerObject: (type: Type) => {readonly object: Type; readonly suffix: string} | undefined;
  readonly argumentsOf: (signature: Signature | undefined) => {path: string; type: string; doc: string}[];
}

const FLAGS = NodeBuilderFlags.NoTruncation | NodeBuilderFlags.UseFullyQualifiedType;

/** How a string of a type of its own is printed. */
const BRAND = /\b(\w+) & \$brand<"(\w+)">/;

const MANY = 10;

export const makeTypeWriter = (
  {checker}: Compiler,
  named: readonly {readonly name: string; readonly type: Type}[],
): TypeWriter => {
  const partsOf = (type: Type): readonly Type[] =>
    type.isUnionType() && !(type.flags & TypeFlags.Boolean) ? type.getTypes() : [type];
  const defined = (type: Type): readonly Type[] => partsOf(type).filter(({flags}) => !(flags & TypeFlags.Undefined));
  /** The same for an union and for what is left of it beside `undefined`. */
  const keyOf = (types: readonly Type[]): string =>
    types
      .map(({id}) => id)
      .sort((a, b) => a - b)
      .join(' ');
  const names = new Map<string, string>();
  for (const {name, type} of named) {
    const isPlain = (type.flags & (TypeFlags.Intrinsic | TypeFlags.Literal)) !== 0;
    if (!isPlain && !names.has(keyOf(partsOf(type)))) names.set(keyOf(partsOf(type)), name);
  }

  const isFunction = (type: Type) => checker.getSignaturesOfType(type, SignatureKind.Call).length > 0;
  const isPlainObject = (type: Type): boolean =>
    type.isObjectType() &&
    !checker.isArrayType(type) &&
    !checker.isTupleType(type) &&
    !isFunction(type) &&
    checker.getPropertiesOfType(type).length > 0 &&
    checker.getPropertyOfType(type, '_zod') === undefined &&
    !isOfLibrary(type);
  /** Maps, promises, streams: named by whoever made them. */
  const isOfLibrary = (type: Type): boolean =>
    type.isClassOrInterface() ||
    (type.isTypeReference() &&
      (type.getSymbol()?.declarations.length ?? 0) > 0 &&
      type.getTarget().isClassOrInterface());

  /** `RegExp` and the like: what has members by well-known symbols is named, not shown. */
  const isOfLanguage = (type: Type): boolean =>
    checker.getPropertiesOfType(type).some(({name}) => name.startsWith('__@'));

  const objectsOf: TypeWriter['objectsOf'] = (type) => {
    const parts = partsOf(type);
    const isOwn = (part: Type) =>
      part.isClassOrInterface() &&
      !isFunction(part) &&
      checker.getPropertyOfType(part, '_zod') === undefined &&
      checker.getPropertiesOfType(part).length > 0 &&
      !isOfLanguage(part);
    return parts.every((part) => isPlainObject(part) || (parts.length === 1 && isOwn(part))) ? parts : undefined;
  };

  const elementOf = (type: Type): Type | undefined =>
    checker.isArrayType(type) && type.isTypeReference() ? checker.getTypeArguments(type)[0] : undefined;

  const innerObject: TypeWriter['innerObject'] = (type) => {
    const [only, ...more] = defined(type);
    if (only === undefined || more.length > 0) return undefined;
    const element = elementOf(only);
    const object = element ?? only;
    if (
      names.has(keyOf([only])) ||
      names.has(keyOf(partsOf(object))) ||
      !isPlainObject(object) ||
      recordOf(object) !== undefined
    )
      return undefined;
    return {object, suffix: element === undefined ? '' : '[]'};
  };

  /** What every one of many names has: the names are a set of their own. */
  const recordOf = (object: Type): string | undefined => {
    const properties = checker.getPropertiesOfType(object);
    if (properties.length < MANY) return undefined;
    const types = new Set(properties.map((property) => write(typeOf(property))));
    const [only = ''] = types;
    return types.size === 1 ? only : undefined;
  };

  const write: TypeWriter['write'] = (type, own, optional = false) => {
    const parts = optional ? defined(type) : partsOf(type);
    const name = names.get(keyOf(parts));
    if (name !== undefined && name !== own) return name;
    if (parts.length > 1) return union(parts, own);
    const [one = type] = parts;
    const output = schemaOutput(one);
    if (output !== undefined)
      return `schema of ${isPlainObject(output) && !names.has(keyOf([output])) ? 'an object' : write(output)}`;
    const element = elementOf(one);
    if (element !== undefined) {
      const text = write(element);
      const prefix = /^readonly /.test(checker.typeToString(one, undefined, FLAGS)) ? 'readonly ' : '';
      return `${prefix}${/[ |&]/.test(text) && !text.startsWith('{') ? `(${text})` : text}[]`;
    }
    const [call] = checker.getSignaturesOfType(one, SignatureKind.Call);
    if (call !== undefined) {
      const given = call.getParameters().map((parameter) => {
        const isOptional = (parameter.flags & SymbolFlags.Optional) !== 0;
        return `${parameter.name}${isOptional ? '?' : ''}: ${write(typeOf(parameter), undefined, isOptional)}`;
      });
      const result = checker.getReturnTypeOfSignature(call);
      return `(${given.join(', ')}) => ${result === undefined ? 'void' : write(result)}`;
    }
    const record = isPlainObject(one) ? recordOf(one) : undefined;
    if (record !== undefined) return `{…: ${record}}`;
    if (isPlainObject(one)) {
      const members = checker.getPropertiesOfType(one).map((property) => {
        const isOptional = (property.flags & SymbolFlags.Optional) !== 0;
        return `${property.name}${isOptional ? '?' : ''}: ${write(typeOf(property), undefined, isOptional)}`;
      });
      return `{${members.join('; ')}}`;
    }
    const text = checker.typeToString(one, undefined, FLAGS).replaceAll(/import\("[^"]*"\)\.(core\.)?/g, '');
    const brand = BRAND.exec(text);
    if (brand?.[0] === text && brand[2] === own) return `${brand[1]}, of a type of its own`;
    return text.replaceAll(new RegExp(BRAND, 'g'), '$2');
  };

  /** Names first where several members have one: `ReadBack | null`. */
  const union = (parts: readonly Type[], own?: string): string => {
    const rest = new Set(parts);
    const found: string[] = [];
    for (const [key, name] of names) {
      const ids = key.split(' ').map(Number);
      if (name === own || ids.length < 2 || !ids.every((id) => [...rest].some((part) => part.id === id))) continue;
      found.push(name);
      for (const part of rest) if (ids.includes(part.id)) rest.delete(part);
    }
    const texts = [...rest].map((part) => write(part));
    const truths = texts.filter((text) => text === 'true' || text === 'false');
    const others = texts.filter((text) => text !== 'true' && text !== 'false');
    return [...found, ...(truths.length === 2 ? ['boolean'] : truths), ...others.sort()].join(' | ');
  };

  const typeOf = (symbol: CompilerSymbol): Type => {
    const type = checker.getTypeOfSymbol(symbol);
    if (type === undefined) throw new Error(`${symbol.name} has no type`);
    return type;
  };

  /** What a zod schema makes of its input. */
  const schemaOutput = (type: Type): Type | undefined => {
    const internals = checker.getPropertyOfType(type, '_zod');
    const output = internals && checker.getPropertyOfType(typeOf(internals), 'output');
    return output && typeOf(output);
  };

  const argumentsOf: TypeWriter['argumentsOf'] = (signature) =>
    (signature?.getParameters() ?? []).map((parameter, index) => {
      const isOptional = isOptionalParameter(parameter);
      return {
        path: `argument ${index + 1}${isOptional ? '?' : ''}`,
        type: write(typeOf(parameter), undefined, isOptional),
        doc: '',
      };
    });

  return {write, objectsOf, innerObject, argumentsOf};
};

/** The compiler says so of a parameter by its declaration alone: `name?: T` or `name: T = value`. */
const isOptionalParameter = (parameter: {readonly declarations: readonly {resolve(): unknown}[]}): boolean => {
  const node = parameter.declarations[0]?.resolve() as {questionToken?: unknown; initializer?: unknown} | undefined;
  return node?.questionToken !== undefined || node?.initializer !== undefined;
};
