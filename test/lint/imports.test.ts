import {readFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {maskSource} from './mask-source.ts';
import {checkFile, checkSources, STARTS_PROGRAMS, TAKES_CORE} from './rules.ts';
import {scanImports} from './scan-imports.ts';
import {root, sources} from './sources.ts';

const rulesBroken = (file: string, source: string) => checkFile(file, source).map(({line, rule}) => `${line} ${rule}`);

const RUN = 'core/src/pod/verbs/run.ts';
const TOOL = 'core/src/image/tool.ts';

/** Each is wrong: file, source, and the `line rule` that must be reported. */
const wrong: readonly (readonly [file: string, source: string, ...broken: string[]])[] = [
  ['flavors/fly/src/index.ts', "import {x} from '@rkt/core';", '1 flavor-imports-sdk-only'],
  ['flavors/fly/src/index.ts', "import type {Pod} from '@rkt/core/contract';", '1 flavor-imports-sdk-only'],
  ['flavors/fly/src/index.ts', "import {readFileSync} from 'node:fs';", '1 flavor-imports-sdk-only'],
  ['flavors/fly/src/index.ts', "import '../../../core/src/debug.ts';", '1 flavor-imports-sdk-only'],
  ['flavors/fly/src/index.ts', "import {x} from '../../nspawn/src/index.ts';", '1 flavor-imports-sdk-only'],
  ['flavors/fly/src/index.ts', "export * from 'zod/mini';", '1 flavor-imports-sdk-only'],
  ['flavors/fly/src/index.ts', 'const fs = await import(`node:fs`);', '1 flavor-imports-sdk-only'],
  ['flavors/fly/src/index.ts', "const sdk = await import('@rkt/plugin-sdk');", '1 flavor-imports-sdk-only'],
  ['flavors/fly/src/index.ts', "process.getBuiltinModule('node:fs');", '1 flavor-imports-sdk-only'],
  ['examples/flavor-x/test/x.test.ts', "import {x} from '../../../core/src/debug.ts';", '1 flavor-imports-sdk-only'],
  ['examples/flavor-x/src/index.ts', "\n\nimport {x} from 'execa';", '3 flavor-imports-sdk-only'],
  ['core/src/stage1/load/find.ts', "import fly from '@rkt/flavor-fly';", '1 core-imports-no-flavor'],
  ['core/src/stage1/load/find.ts', "export type {Flavor} from '@rkt/plugin-sdk';", '1 core-imports-no-flavor'],
  ['core/src/stage1/load/find.ts', "await import('@rkt/flavor-fly/dist/x.js');", '1 core-imports-no-flavor'],
  [
    'core/src/stage1/load/find.ts',
    "import fly from '../../../../flavors/fly/src/index.ts';",
    '1 core-imports-no-flavor',
  ],
  [RUN, "import {syscall} from '../../linux/libc.ts';", '1 kernel-in-executor-and-linux'],
  [RUN, "import ffi from 'node:ffi';", '1 kernel-in-executor-and-linux'],
  [RUN, "const ffi = await import(\n  'node:ffi'\n);", '2 kernel-in-executor-and-linux'],
  [RUN, 'process.execve?.(file, argv);', '1 kernel-in-executor-and-linux'],
  [RUN, 'const {execve} = process;', '1 kernel-in-executor-and-linux'],
  [TOOL, "import {spawn, exec} from 'node:child_process';", '1 no-shell'],
  [TOOL, "import {execSync as run} from 'child_process';", '1 no-shell'],
  [TOOL, "import * as child from 'node:child_process';", '1 no-shell'],
  [TOOL, "import child from 'node:child_process';", '1 no-shell'],
  [TOOL, "const {exec} = await import('node:child_process');", '1 no-shell'],
  [TOOL, "const child = require('child_process');", '1 no-shell'],
  ['test/helpers/host.ts', "spawn('ls', [], {\n  shell: true});", '2 no-shell'],
  ['test/helpers/host.ts', "spawn('ls', [], {shell: '/bin/sh'});", '1 no-shell'],
  [RUN, "import {spawn} from 'node:child_process';", '1 helper-programs'],
  [RUN, "const {spawn} = process.getBuiltinModule('node:child_process');", '1 helper-programs'],
  [TOOL, "const {execa} = await import('execa');", '1 helper-programs'],
  ['core/src/appc/manifest.ts', "import {z} from 'zod';", '1 zod-mini'],
  ['core/src/appc/manifest.ts', "import * as z from 'zod';", '1 zod-mini'],
  ['core/src/appc/manifest.ts', "import * as z from 'zod/v4';", '1 zod-mini'],
  ['core/src/appc/manifest.ts', "import {string} from 'zod/mini';", '1 zod-mini'],
  ['core/src/contract/pod.ts', "import {log} from '../debug.ts';", '1 contract-stands-alone', '1 floors'],
  ['core/src/contract/pod.ts', "import path from 'node:path';", '1 contract-stands-alone'],
  ['test/pod/x.test.ts', "import {gc} from '../../core/src/pod/state/gc.ts';", '1 test-runs-the-command'],
  ['test/helpers/x.ts', "import type {Pod} from '../../core/src/contract/index.ts';", '1 test-runs-the-command'],
  // Text around it hides nothing.
  [RUN, "const quote = /['\"`]/; import ffi from 'node:ffi';", '1 kernel-in-executor-and-linux'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the source of a template
  [RUN, "const t = `${{a: `'`}.a}`;\nimport ffi from 'node:ffi';", '2 kernel-in-executor-and-linux'],
  [RUN, "const half = a / b; // it's\nimport ffi from 'node:ffi';", '2 kernel-in-executor-and-linux'],
];

/** Each is right, though it looks like something that is not. */
const right: readonly (readonly [file: string, source: string])[] = [
  ['flavors/fly/src/index.ts', "import {defineFlavor} from '@rkt/plugin-sdk';\nimport {dns} from './dns.ts';"],
  ['flavors/fly/src/dns/index.ts', "import {dns} from '../dns.ts';"],
  ['flavors/fly/test/fly.test.ts', "import {x} from '../../../core/src/stage1/negotiation/draft-plan.ts';"],
  ['examples/flavor-x/test/x.test.ts', "import test from 'ava';\nimport {readFileSync} from 'node:fs';"],
  ['flavors/fly/src/index.ts', "// import {x} from '@rkt/core';\n/* import 'execa'; */"],
  ['flavors/fly/src/index.ts', 'const text = "import {x} from \'@rkt/core\'";'],
  ['flavors/fly/src/index.ts', "const text = `import {x} from '@rkt/core'`;"],
  ['core/src/executor/exec.ts', "import {syscall} from '../linux/libc.ts';\nprocess.execve?.(file);"],
  ['core/test/kernel/pod/x.test.ts', "import {syscall} from '../../../src/linux/libc.ts';"],
  ['test/pod/x.test.ts', "import {app} from '../../core/test/support/fixtures.ts';"],
  ['test/fuzz/targets/x.ts', "import {parse} from '../../../core/src/appc/json.ts';"],
  ['core/test/linux/libc.test.ts', "import {syscall} from '../../src/linux/libc.ts';"],
  ['core/src/artifact/guest/run-tool.ts', "const {execa} = await import('execa');"],
  [RUN, "import {readMountinfo} from '../../linux/mountinfo.ts';"],
  [TOOL, "import {spawn, execFile} from 'node:child_process';\nspawn('ls', [], {shell: false});"],
  [TOOL, "const {spawn} = await import('node:child_process');"],
  [RUN, "const shell: string = 'sh'; regex.exec(text);"],
  ['core/src/stage1/load/find.ts', 'const flavor = await import(url);'],
  ['core/src/appc/manifest.ts', "import * as z from 'zod/mini';"],
  ['core/build/schema.ts', "import * as z from 'zod';"],
  ['core/src/contract/pod.ts', "import * as z from 'zod/mini';\nimport {uuid} from './names.ts';"],
];

for (const [file, source, ...broken] of wrong) {
  test(`the import rule refuses, in ${file}: ${JSON.stringify(source)}`, (t) => {
    t.deepEqual(rulesBroken(file, source), broken);
  });
}

for (const [file, source] of right) {
  test(`the import rule accepts, in ${file}: ${JSON.stringify(source)}`, (t) => {
    t.deepEqual(rulesBroken(file, source), []);
  });
}

test('imports are found in every form, with line, names and when they load', (t) => {
  const source = [
    "import type {A} from 'a';",
    "import b, {type B, c as d} from 'b';",
    "import * as e from 'e';",
    "import 'f';",
    "export {g, h} from 'g';",
    "type I = typeof import('i');",
    "const {j, k: l} = await import('j');",
    'const m = await import(m);',
  ].join('\n');
  t.deepEqual(scanImports(source), [
    {line: 1, specifier: 'a', form: 'type', names: ['A']},
    {line: 2, specifier: 'b', form: 'static', names: ['B', 'c', 'default']},
    {line: 3, specifier: 'e', form: 'static', names: ['*']},
    {line: 4, specifier: 'f', form: 'static', names: []},
    {line: 5, specifier: 'g', form: 'static', names: ['g', 'h']},
    {line: 6, specifier: 'i', form: 'type', names: ['*']},
    {line: 7, specifier: 'j', form: 'dynamic', names: ['j', 'k']},
    {line: 8, specifier: null, form: 'dynamic', names: ['*']},
  ]);
});

test('masking keeps every offset and line of every source of this repository', (t) => {
  for (const file of sources()) {
    const source = readFileSync(path.join(root, file), 'utf8');
    const masked = maskSource(source);
    t.is(masked.length, source.length, file);
    t.is(masked.split('\n').length, source.split('\n').length, file);
  }
});

test('every test that may take something of core does', (t) => {
  for (const file of Object.keys(TAKES_CORE)) {
    const specifiers = scanImports(readFileSync(path.join(root, file), 'utf8')).map(({specifier}) => specifier ?? '');
    t.true(
      specifiers.some((specifier) => specifier.includes('/core/src/')),
      file,
    );
  }
});

test('every file that may start programs does', (t) => {
  for (const file of Object.keys(STARTS_PROGRAMS)) {
    const imported = scanImports(readFileSync(path.join(root, file), 'utf8'));
    t.true(
      imported.some(({specifier}) => specifier === 'node:child_process'),
      file,
    );
  }
});

test('every source of this repository keeps the import rule', (t) => {
  const all = sources().map((file) => [file, readFileSync(path.join(root, file), 'utf8')] as const);
  t.deepEqual(checkSources(new Map(all)), []);
});
