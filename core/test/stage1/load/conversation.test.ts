import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import type {Flavor} from '../../../src/contract/index.ts';
import {dismissCompanions} from '../../../src/linux/companions.ts';
import {RktError} from '../../../src/rkt-error.ts';
import {startConversation} from '../../../src/stage1/load/conversation.ts';
import {findFlavor} from '../../../src/stage1/load/find.ts';
import {declaration, hostFacts, pod} from '../../support/fixtures.ts';

/* S10: a flavor of somebody else's runs in a process of its own, which has no effect and takes what it is given. */

const place = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-conversation-')));
test.after.always(() => {
  dismissCompanions();
  rmSync(place, {recursive: true});
});

let count = 0;
/** A module of a package of its own, whose probe is given; `head` runs when it is loaded. */
const moduleWith = (probe: string, head = ''): string => {
  const directory = path.join(place, `package-${count++}`);
  mkdirSync(directory);
  writeFileSync(path.join(directory, 'package.json'), '{"name": "x", "main": "index.cjs"}');
  const file = path.join(directory, 'index.cjs');
  const code = `const hook = () => [];
const said = (what) => [{severity: 'note', what: JSON.stringify(what)}];
${head}
module.exports = {declaration: ${JSON.stringify({...declaration(), name: 'other'})}, filesystem: hook, environment: hook, launch: hook,
probe: (host) => { ${probe} }};
`;
  writeFileSync(file, code);
  return file;
};
const probe = async (file: string) => (await findFlavor(file, {})).flavor.probe(hostFacts());
const answer = async (code: string, head = '') =>
  JSON.parse((await probe(moduleWith(`return said(${code});`, head)))[0]?.what ?? '');

const EFFECTS: readonly [what: string, does: string, tried: {permission?: string; resource?: string}][] = [
  [
    'reads a secret',
    "require('node:fs').readFileSync('/etc/shadow')",
    {permission: 'FileSystemRead', resource: '/etc/shadow'},
  ],
  [
    'looks for a file',
    "require('node:fs').existsSync('/etc/shadow')",
    {permission: 'FileSystemRead', resource: '/etc/shadow'},
  ],
  [
    'writes a file',
    `require('node:fs').writeFileSync('${place}/written', 'x')`,
    {permission: 'FileSystemWrite', resource: `${place}/written`},
  ],
  [
    'writes into its package',
    "require('node:fs').writeFileSync(__dirname + '/written', 'x')",
    {permission: 'FileSystemWrite'},
  ],
  [
    'starts a program',
    "require('node:child_process').spawnSync('/bin/true')",
    {permission: 'ChildProcess', resource: '/bin/true'},
  ],
  ['becomes a program', "process.execve('/bin/true', [])", {permission: 'ChildProcess', resource: '/bin/true'}],
  ['starts a thread', "new (require('node:worker_threads').Worker)('', {eval: true})", {permission: 'WorkerThreads'}],
  ['listens', "require('node:net').createServer().listen(0)", {permission: 'Net'}],
  ['connects', "require('node:net').connect(80, '127.0.0.1')", {}],
  ['sends', "require('node:dgram').createSocket('udp4').bind(0)", {}],
  ['calls the kernel', "new (require('node:ffi').DynamicLibrary)('libc.so.6')", {permission: 'FFI'}],
  ['signals a process', 'process.kill(process.ppid, 0)', {permission: 'Signal'}],
  ['signals by another name', 'process._kill(1, 0)', {permission: 'Signal', resource: '1'}],
  ['has another Node.js listen for a debugger', 'process._debugProcess(1)', {permission: 'Signal', resource: '1'}],
  ['slows a process down', "require('node:os').setPriority(1, 19)", {permission: 'Priority', resource: '1'}],
  [
    'changes the engine',
    "require('node:v8').setFlagsFromString('--allow-natives-syntax')",
    {permission: 'Flags', resource: '--allow-natives-syntax'},
  ],
  ['loads native code', "process.dlopen({exports: {}}, '/x.node')", {}],
];
for (const [what, , tried] of EFFECTS) {
  test(`S10 a hook that ${what} is refused by what it tried, with file and line`, async (t) => {
    const error = await t.throwsAsync(ask(what), {instanceOf: RktError, code: 'RKT_FLAVOR_DENIED'});
    t.like(error?.fields, {flavor: 'other', hook: 'probe', ...tried}, error?.message);
    if ('permission' in tried) t.regex(String(error?.fields.place), new RegExp(`^${all}:\\d+$`));
    t.deepEqual(readdirSync(path.dirname(all)).sort(), ['index.cjs', 'package.json']);
    t.false(existsSync(path.join(place, 'written')));
  });
}

const FAULTS: readonly [what: string, does: string, code: string][] = [
  ['throws', "throw new TypeError('boom')", 'RKT_FLAVOR_FAILED'],
  ['throws what is no error', 'throw null', 'RKT_FLAVOR_FAILED'],
  ['ends its process', 'process.exit(0)', 'RKT_FLAVOR_FAILED'],
  ['aborts', 'process.abort()', 'RKT_FLAVOR_FAILED'],
  ['calls itself for ever', '(function again() { again(); })()', 'RKT_FLAVOR_FAILED'],
  [
    'takes the memory by objects',
    'for (const all = [];;) all.push(new Array(10_000_000).fill(all.length))',
    'RKT_FLAVOR_OUT_OF_MEMORY',
  ],
  ['takes 10 GB at once', 'new ArrayBuffer(1e10)', 'RKT_FLAVOR_OUT_OF_MEMORY'],
  [
    'takes the memory by buffers',
    'for (const all = [];;) all.push(Buffer.alloc(50_000_000, 1))',
    'RKT_FLAVOR_OUT_OF_MEMORY',
  ],
  ['answers 100 MB', "return [{severity: 'note', what: 'x'.repeat(100_000_000)}]", 'RKT_FLAVOR_PLAN_TOO_LARGE'],
  ['answers more than a string holds', "return Array(100).fill('x'.repeat(100_000_000))", 'RKT_FLAVOR_OUT_OF_MEMORY'],
  ['answers with what refers to itself', 'const all = []; all.push(all); return all', 'RKT_FLAVOR_FAILED'],
  ['answers with garbage', "return [{severity: 'loud'}]", 'RKT_FLAVOR_PLAN_INVALID'],
  ['answers by itself', "require('node:fs').writeSync(3, '[}\\n'); return []", 'RKT_FLAVOR_ANSWER_INVALID'],
  ['answers by null', "require('node:fs').writeSync(3, 'null\\n'); for (;;);", 'RKT_FLAVOR_ANSWER_INVALID'],
  ['closes where it answers', "require('node:fs').closeSync(3); return []", 'RKT_FLAVOR_FAILED'],
  ['leaves it to chance', 'return said(Math.random())', 'RKT_FLAVOR_IMPURE'],
  ['counts', 'return said(globalThis.count = (globalThis.count ?? 0) + 1)', 'RKT_FLAVOR_IMPURE'],
  [
    'changes what it is given',
    "host.programs.x = null; 'use strict'; Object.defineProperty(host, 'y', {}); return []",
    'RKT_FLAVOR_FAILED',
  ],
];
// One after the other, before all others: they take much, and end the process.
for (const [what, , code] of FAULTS) {
  test.serial(`S10 a hook that ${what} is one coded error`, async (t) => {
    const error = await t.throwsAsync(ask(what), {instanceOf: RktError, code});
    t.is(error?.fields.flavor, 'other');
    t.true(error?.message.includes('probe'), error?.message);
  });
}

/** All of them in one module, which is loaded again when its process has ended. */
const all = moduleWith(
  'return does[host.kernel.release](host)',
  `const does = {\n${[...EFFECTS, ...FAULTS].map(([what, does]) => `${JSON.stringify(what)}: (host) => { ${does} },\n`).join('')}};`,
);
let flavor: Promise<Flavor> | undefined;
/** Its process is started once for all who ask, however many do at once. */
const living = async (): Promise<Flavor> => {
  for (;;) {
    flavor ??= findFlavor(all, {}).then((found) => found.flavor);
    const asked = flavor;
    const found = await asked;
    if (asked === flavor) return found;
  }
};
const ask = async (what: string): Promise<unknown> => {
  const found = await living();
  try {
    return found.probe({...hostFacts(), kernel: {release: what, major: 6, minor: 0}});
  } catch (error) {
    const {code = '', message = ''} = error instanceof RktError ? error : {};
    if (/MEMORY|LARGE|ANSWER/.test(code) || message.includes('its process ended')) flavor = undefined;
    throw error;
  }
};

const ENDLESS: Readonly<Record<string, string>> = {
  computes: 'for (;;) { try { for (;;); } catch {} }',
  'waits in the kernel': 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  'says things faster than they are heard':
    "const all = Buffer.alloc(65_536, 'x\\n'); for (;;) require('node:fs').writeSync(2, all)",
  'answers what never ends to be looked at': 'return [{toJSON: () => { for (;;); }}]',
};
for (const [what, does] of Object.entries(ENDLESS)) {
  test(`S10 a hook that ${what} is ended, and its process is gone`, (t) => {
    const talk = startConversation(moduleWith(does), {milliseconds: {hook: 300}});
    talk('x', 'declaration', {});
    const error = t.throws(() => talk('x', 'probe', {host: {}}), {instanceOf: RktError, code: 'RKT_FLAVOR_TIMED_OUT'});
    t.is(error.fields.hook, 'probe');
    // It is not asked again.
    t.throws(() => talk('x', 'probe', {host: {}}), {message: /SIGKILL/});
  });
}

test('S10 a module that never loads is ended', (t) => {
  const talk = startConversation(moduleWith('', 'for (;;);'), {milliseconds: {module: 2000}});
  const error = t.throws(() => talk('x', 'declaration', {}), {instanceOf: RktError, code: 'RKT_FLAVOR_TIMED_OUT'});
  t.is(error.fields.hook, 'its module');
});

test('S10 a module that has an effect when it is loaded is refused', async (t) => {
  const error = await t.throwsAsync(probe(moduleWith('', "require('node:fs').writeFileSync('/tmp/x', '')")), {
    instanceOf: RktError,
    code: 'RKT_FLAVOR_DENIED',
  });
  t.like(error?.fields, {hook: 'its module', permission: 'FileSystemWrite'});
});

test('an error of a hook has the stack of its author, its cause and its place; one with a code stays as it is', async (t) => {
  const file = moduleWith("\n\nthrow new TypeError('boom', {cause: new RangeError('inner')})");
  const error = await t.throwsAsync(probe(file), {instanceOf: RktError, code: 'RKT_FLAVOR_FAILED'});
  const cause = error?.cause as Error;
  t.regex(cause.stack ?? '', new RegExp(`^TypeError: boom\\n +at .*${file}:7:`));
  t.is((cause.cause as Error).message, 'inner');
  t.true(error?.message.endsWith(`boom (${file}:7)`), error?.message);
  const refusal = await t.throwsAsync(
    probe(moduleWith("throw Object.assign(new Error('no'), {code: 'RKT_X', hint: 'do y', fields: {z: 1}})")),
    {instanceOf: RktError},
  );
  t.like(refusal, {code: 'RKT_X', message: 'no', hint: 'do y', fields: {z: 1, flavor: 'other', hook: 'probe'}});
});

test('what a flavor writes is told once, and is no answer', async (t) => {
  const notes: string[] = [];
  const file = moduleWith(
    "console.log('one\\ntwo'); process.stderr.write('three'); return said(1);",
    "console.error('zero');",
  );
  const {flavor} = await findFlavor(file, {note: (text) => notes.push(text)});
  t.is(flavor.probe(hostFacts())[0]?.what, '1');
  t.deepEqual(flavor.filesystem(pod(), hostFacts()), []);
  t.deepEqual(
    notes,
    ['zero', 'one', 'two', 'three'].map((line, index) => `flavor "${index === 0 ? file : 'other'}": ${line}`),
  );
});

test('what a flavor writes for ever is bounded', async (t) => {
  const notes: string[] = [];
  const file = moduleWith("for (let i = 0; i < 100_000; i++) console.log('x'.repeat(100)); return said(1);");
  const {flavor} = await findFlavor(file, {note: (text) => notes.push(text)});
  t.is(flavor.probe(hostFacts())[0]?.what, '1');
  t.true(notes.length <= 100);
});

test('hooks keep what they share, get what they are asked with in order, and freeze it', async (t) => {
  const file = moduleWith('return []', 'const shared = {};');
  writeFileSync(
    file,
    `${readFileSync(file, 'utf8')}
module.exports.enter = (...given) => ({names: given.map((each) => each?.name ?? each?.uuid ?? each), frozen: given.every(Object.isFrozen)});
module.exports.stop = (pod, force) => [{do: 'signal', to: 'pod', signal: force ? 'SIGKILL' : 'SIGTERM'}];`,
  );
  const {flavor} = await findFlavor(file, {});
  const [app] = pod().apps;
  t.deepEqual(flavor.enter?.(pod() as never, app as never, ['a', 'b'], hostFacts()) as unknown, {
    names: [pod().uuid, app?.name, ['a', 'b'], hostFacts()],
    frozen: true,
  });
  t.like(flavor.stop?.(pod() as never, true), [{signal: 'SIGKILL'}] as never);
});

const rootTest = process.geteuid?.() === 0 ? test : test.skip;

rootTest(
  'S10 its process is apart from the host: user, capabilities, processes, network, files, environment',
  async (t) => {
    const seen = await answer(
      `{ids: [process.getuid(), process.geteuid(), process.getgroups()], alone: process.pid < 10,
      environment: Object.keys(process.env).sort(), net: Object.keys(require('node:os').networkInterfaces())}`,
    );
    // The group is its effective one.
    t.deepEqual(seen, {ids: [65_533, 65_534, [65_534]], alone: true, environment: ['LC_ALL', 'PATH'], net: []});
  },
);

test('S10 what opens files without asking for a permission is not there', async (t) => {
  for (const use of ["ATTACH '/etc/x' AS x", `VACUUM INTO '${place}/database'`]) {
    const file = moduleWith(
      `new (require('node:sqlite').DatabaseSync)(':memory:').exec(${JSON.stringify(use)}); return []`,
    );
    const error = await t.throwsAsync(probe(file), {instanceOf: RktError, code: 'RKT_FLAVOR_FAILED'});
    t.regex(error?.message ?? '', /No such built-in module: node:sqlite/);
  }
  t.false(existsSync(path.join(place, 'database')));
});

rootTest('S10 the kernel lets its process write nothing, whatever Node.js permits', (t) => {
  const file = moduleWith('return []');
  startConversation(file)('x', 'declaration', {});
  const [pid = ''] = readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').endsWith(`\0${file}\0`);
    } catch {
      // It has ended.
      return false;
    }
  });
  const mounts = readFileSync(`/proc/${pid}/mountinfo`, 'utf8').trimEnd().split('\n');
  const places = mounts.map((line) => line.split(' ')[4] ?? '');
  t.true(
    ['/', '/usr', path.dirname(file)].every((place) => places.includes(place)),
    places.join(),
  );
  // As root of the host.
  for (const place of places)
    t.throws(() => accessSync(`/proc/${pid}/root${place}`, constants.W_OK), {code: 'EROFS'}, place);
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb'])
    t.is(new RegExp(`^Cap${set}:\\t(\\w+)$`, 'm').exec(status)?.[1], '0'.repeat(16), set);
});

rootTest('a package that only its owner may read is loaded, as its owner', async (t) => {
  const ids = 'return said([process.getuid(), process.geteuid()])';
  for (const [what, mode] of [
    ['index.cjs', 0o600],
    ['.', 0o700],
  ] as const) {
    const file = moduleWith(ids);
    chmodSync(path.join(path.dirname(file), what), mode);
    t.is((await probe(file))[0]?.what, '[65533,0]', what);
  }
});

rootTest('a file that is private beside a first one that is not is told, with what to do', async (t) => {
  for (const [hook, head] of [
    ["return require('./part.cjs')", ''],
    ['return []', "require('./part.cjs');"],
  ] as const) {
    const file = moduleWith(hook, head);
    const part = path.join(path.dirname(file), 'part.cjs');
    writeFileSync(part, 'module.exports = [];', {mode: 0o600});
    const error = await t.throwsAsync(probe(file), {instanceOf: RktError, code: 'RKT_FLAVOR_UNREADABLE'});
    t.is(error?.fields.directory, path.dirname(file));
    chmodSync(part, 0o644);
    t.deepEqual(await probe(file), []);
  }
});
