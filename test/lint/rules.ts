import path from 'node:path';
import {cyclesIn, floorBroken} from './floors.ts';
import {maskSource} from './mask-source.ts';
import {type Import, scanImports} from './scan-imports.ts';

/** `file` is relative to the root of the repository, with `/`. */
interface Rule {
  readonly name: string;
  readonly applies: (file: string) => boolean;
  /** Why the import is wrong, or nothing. */
  readonly judge?: (file: string, entry: Import) => string | undefined;
  /** Code that is wrong whatever it imports. */
  readonly pattern?: {readonly code: RegExp; readonly what: string};
}

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly what: string;
  readonly rule: string;
}

const isTest = (file: string) => /\.test\.ts$|(^|\/)test\//.test(file);
const isSource = (file: string) => /(^|\/)src\//.test(file);
const isRelative = (specifier: string) => /^\.{1,2}(\/|$)/.test(specifier);
const isNode = (specifier: string) => specifier.startsWith('node:');
const target = (file: string, specifier: string) => path.posix.join(path.posix.dirname(file), specifier);
const below = (file: string, directory: string) => file.startsWith(`${directory}/`);

/** `flavors/fly`, `examples/flavor-x`; `examples` for a file of its own. */
const packageOf = (file: string) => {
  const parts = file.split('/');
  return parts.slice(0, parts.length > 2 ? 2 : 1).join('/');
};
const bare = (specifier: string) =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

const kernelCode = (file: string) => /^core\/(src\/(executor|linux)|test\/(executor|kernel|linux))\//.test(file);
const product = (file: string) => /^(core|plugin-sdk|flavors|examples)\//.test(file);

/** Tests of the built command that take something of core's all the same. */
export const TAKES_CORE: Readonly<Record<string, string>> = {
  'test/cli/examples.test.ts': 'runs every example that the table of commands has',
  'test/cli/wrong-invocations.test.ts': 'asks every command of the table for every flag of it',
  'test/conformance/enter.test.ts': 'has the kernel show filters, which no program of the host does',
  'test/helpers/call-image.ts': 'makes the programs of system calls alone that apps run',
  'test/systemd/support/boot.ts': 'boots units under cgroups of either version',
};

/** What of core starts programs by child_process; all else does by execa. */
export const STARTS_PROGRAMS: Readonly<Record<string, string>> = {
  'core/src/api/call.ts': 'rkt itself, with the streams of whoever imports it',
  'core/src/api/start.ts': 'rkt itself, with a descriptor besides its streams',
  'core/src/executor/call-entrypoint.ts': 'with descriptors and a cgroup that the interface of rkt has',
  'core/src/executor/enter-on-terminal.ts': 'a program of system calls alone',
  'core/src/executor/on-own-terminal.ts': 'rkt itself, on another terminal',
  'core/src/executor/relay-terminal.ts': 'a type alone',
  'core/src/image/build/closure.ts': 'in isolation',
  'core/src/image/tool.ts': 'in isolation',
  'core/src/linux/become-own-root.ts': 'outlives the program that this process is',
  'core/src/linux/child-end.ts': 'a type alone',
  'core/src/linux/first-process.ts': 'a program of system calls alone, on the way to run',
  'core/src/linux/reopenable-stdio.ts': 'in isolation',
  'core/src/linux/start-failure.ts': 'a type alone',
  'core/src/linux/start-keeper.ts': 'in isolation',
  'core/src/linux/user-namespace.ts': 'a program of system calls alone, on the way to run',
  'core/src/pod/streams/journal/journalctl.ts': 'in isolation',
  'core/src/stage1/facts/program-version.ts': 'on the way to run',
  'core/src/stage1/load/start-stranger.ts': 'in isolation, and talked with',
};
const STARTS_BY_EXECA = 'core/src/artifact/guest/run-tool.ts';

const withSpecifier =
  (judge: (file: string, specifier: string, entry: Import) => string | undefined) => (file: string, entry: Import) =>
    entry.specifier === null ? undefined : judge(file, entry.specifier, entry);

const rules: readonly Rule[] = [
  {
    name: 'flavor-imports-sdk-only',
    // The tests of our own flavors may use core to check them; an example shows what somebody outside can do.
    applies: (file) => (below(file, 'flavors') && !isTest(file)) || below(file, 'examples'),
    judge: (file, {specifier, form}) => {
      if (specifier === null) return 'a flavor imports nothing that is computed';
      if (isRelative(specifier)) {
        return below(target(file, specifier), packageOf(file))
          ? undefined
          : `${specifier} is outside ${packageOf(file)}`;
      }
      if (specifier === '@rkt/plugin-sdk' && form !== 'dynamic') return undefined;
      if (isTest(file) && (isNode(specifier) || ['ava', '@rkt/plugin-sdk', '@rkt/plugin-sdk/kit'].includes(specifier)))
        return undefined;
      return `${specifier}: a flavor is pure and imports only @rkt/plugin-sdk`;
    },
  },
  {
    name: 'core-imports-no-flavor',
    applies: (file) => below(file, 'core'),
    judge: withSpecifier((file, specifier) => {
      const where = isRelative(specifier) ? target(file, specifier) : '';
      const taken =
        /^@rkt\/(flavor-|plugin-sdk$)/.test(bare(specifier)) || /^(flavors|plugin-sdk|examples)\//.test(where);
      return taken ? `${specifier}: core finds flavors by name and never imports one` : undefined;
    }),
  },
  {
    name: 'kernel-in-executor-and-linux',
    applies: (file) => product(file) && !kernelCode(file),
    judge: withSpecifier((file, specifier) => {
      const libc = isRelative(specifier) && target(file, specifier) === 'core/src/linux/libc.ts';
      return specifier === 'node:ffi' || libc ? `${specifier}: only executor/ and linux/ touch the kernel` : undefined;
    }),
  },
  {
    name: 'kernel-in-executor-and-linux',
    applies: (file) => product(file) && !kernelCode(file),
    pattern: {
      code: /\bprocess\s*\.\s*(execve|binding|dlopen)\b|\bexecve\b[^;]*\}\s*=\s*process\b/g,
      what: 'only executor/ and linux/ replace the process',
    },
  },
  {
    name: 'test-runs-the-command',
    // Fuzzing calls parsers by the thousand.
    applies: (file) => below(file, 'test') && !below(file, 'test/fuzz') && !Object.hasOwn(TAKES_CORE, file),
    judge: withSpecifier((file, specifier) =>
      isRelative(specifier) && below(target(file, specifier), 'core/src')
        ? `${specifier}: test/ runs the built command; what calls core's functions is in core/test`
        : undefined,
    ),
  },
  {
    name: 'no-shell',
    applies: () => true,
    judge: withSpecifier((_file, specifier, {names}) => {
      if (!/^(node:)?child_process$/.test(specifier)) return undefined;
      if (names.includes('*') || names.includes('default')) return 'import the functions of child_process by name';
      const shells = names.filter((name) => name === 'exec' || name === 'execSync');
      return shells.length > 0 ? `${shells.join(', ')} of child_process takes a shell string` : undefined;
    }),
  },
  {
    name: 'no-shell',
    applies: () => true,
    pattern: {code: /\bshell\s*:\s*(?!false\b)(true\b|['"`])/g, what: 'a child process never gets a shell'},
  },
  {
    name: 'helper-programs',
    applies: (file) => below(file, 'core/src'),
    judge: withSpecifier((file, specifier) => {
      if (/^(node:)?child_process$/.test(specifier) && !Object.hasOwn(STARTS_PROGRAMS, file))
        return `${specifier}: programs are started by image/tool.ts or artifact/guest/run-tool.ts; where neither can, say why in STARTS_PROGRAMS`;
      return specifier === 'execa' && file !== STARTS_BY_EXECA
        ? `${specifier}: artifact/guest/run-tool.ts starts programs with it`
        : undefined;
    }),
  },
  {
    name: 'zod-mini',
    applies: isSource,
    judge: withSpecifier((_file, specifier, {names}) => {
      if (specifier === 'zod' || /^zod\/v\d+(\/classic)?$/.test(specifier))
        return `${specifier}: import * as z from 'zod/mini'`;
      if (specifier === 'zod/mini' && !names.includes('*'))
        return "import * as z from 'zod/mini', or nothing is shaken off the bundle";
      return undefined;
    }),
  },
  {
    name: 'contract-stands-alone',
    applies: (file) => below(file, 'core/src/contract'),
    judge: (file, {specifier}) => {
      const own = specifier !== null && isRelative(specifier) && below(target(file, specifier), 'core/src/contract');
      return own || specifier === 'zod/mini' ? undefined : `${specifier}: the contract imports zod/mini and itself`;
    },
  },
  {
    name: 'floors',
    applies: (file) => below(file, 'core/src'),
    judge: withSpecifier((file, specifier) => {
      const what = isRelative(specifier) ? floorBroken(file, target(file, specifier)) : undefined;
      return what === undefined ? undefined : `${specifier}: ${what}`;
    }),
  },
];

/** What is wrong with one file. */
export const checkFile = (file: string, source: string): Violation[] => {
  const code = maskSource(source);
  const imports = scanImports(source);
  return rules
    .filter((rule) => rule.applies(file))
    .flatMap(({name, judge, pattern}): Violation[] => {
      const judged = imports.flatMap((entry) => {
        const what = judge?.(file, entry);
        return what === undefined ? [] : [{file, line: entry.line, what, rule: name}];
      });
      const matched = pattern === undefined ? [] : [...code.matchAll(pattern.code)];
      return [
        ...judged,
        ...matched.map(({index}) => ({
          file,
          line: code.slice(0, index).split('\n').length,
          what: pattern?.what ?? '',
          rule: name,
        })),
      ];
    })
    .sort((a, b) => a.line - b.line);
};

/** What is wrong with sources, by their files: each by itself, and the folders of core/src with each other. */
export const checkSources = (sources: ReadonlyMap<string, string>): Violation[] => {
  const crossings = [...sources].flatMap(([file, source]) =>
    scanImports(source).flatMap(({specifier, line}) =>
      specifier !== null && isRelative(specifier) ? [{file, line, target: target(file, specifier)}] : [],
    ),
  );
  return [
    ...[...sources].flatMap(([file, source]) => checkFile(file, source)),
    ...cyclesIn(crossings).map(({file, line, what}) => ({file, line, what, rule: 'no-cycle'})),
  ];
};
