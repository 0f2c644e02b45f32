import {mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {globalFlags} from '../../src/cli/globals.ts';
import {parseInsecureOptions} from '../../src/cli/insecure.ts';
import {makeContext} from '../../src/cli/make-context.ts';
import {makeOutput} from '../../src/cli/output.ts';
import {parse} from '../../src/cli/parse.ts';

const contextOf = async (...argv: string[]) => {
  const {flags} = parse({name: 'x'}, globalFlags, ['--system-config=/nowhere', '--local-config=/nowhere', ...argv]);
  return makeContext(flags, 'text', makeOutput(), 'list');
};
const scratch = (t: ExecutionContext): string => {
  const directory = realpathSync(mkdtempSync(path.join(tmpdir(), 'rkt-context-')));
  t.teardown(() => rmSync(directory, {recursive: true}));
  return directory;
};

test('what is told besides the result says which command tells it, as errors do', async (t) => {
  const notes: string[] = [];
  const {flags} = parse({name: 'x'}, globalFlags, []);
  const output = {...makeOutput(), note: (text: string) => notes.push(text)};
  (await makeContext(flags, 'text', output, 'image rm')).note('a file stays');
  t.deepEqual(notes, ['rkt image rm: a file stays']);
});

test('the data directory: the default, the configuration, the flag', async (t) => {
  const directory = scratch(t);
  mkdirSync(path.join(directory, 'paths.d'));
  writeFileSync(path.join(directory, 'paths.d/a.json'), '{"rktVersion":"v1","rktKind":"paths","data":"/nowhere/data"}');
  const configured = `--user-config=${directory}`;
  t.is(String((await contextOf()).dataDir), '/var/lib/rkt');
  t.is(String((await contextOf(configured)).dataDir), '/nowhere/data');
  t.is(String((await contextOf(configured, '--dir=/nowhere/other')).dataDir), '/nowhere/other');
});

test('symbolic links on the way to the data directory are resolved', async (t) => {
  const directory = scratch(t);
  mkdirSync(path.join(directory, 'real'));
  symlinkSync('real', path.join(directory, 'link'));
  t.is(String((await contextOf(`--dir=${directory}/link`)).dataDir), path.join(directory, 'real'));
});

test('relative directories are taken from the working directory', async (t) => {
  t.is(String((await contextOf('--user-config=x')).userConfig), path.resolve('x'));
});

for (const flag of ['dir', 'system-config', 'local-config', 'user-config'])
  test(`--${flag}= is refused`, async (t) => {
    t.like(await t.throwsAsync(contextOf(`--${flag}=`)), {code: 'RKT_FLAG_VALUE_INVALID', fields: {flag}});
  });

for (const [values, options] of [
  [[], []],
  [['none'], []],
  [
    ['image,tls', 'http'],
    ['image', 'tls', 'http'],
  ],
  [['ondisk'], ['ondisk']],
  [['all-fetch'], ['image', 'tls', 'http', 'pubkey']],
  [['all-run'], ['capabilities', 'paths', 'seccomp']],
  [['all'], ['image', 'tls', 'http', 'pubkey', 'capabilities', 'paths', 'seccomp']],
] as const)
  test(`--insecure-options=${values.join(' ')}`, (t) => t.deepEqual([...parseInsecureOptions(values)], [...options]));

for (const value of ['', 'imgae', 'image,', 'toString', 'IMAGE'])
  test(`--insecure-options=${value} is refused`, (t) => {
    t.like(
      t.throws(() => parseInsecureOptions([value])),
      {code: 'RKT_FLAG_VALUE_INVALID', fields: {flag: 'insecure-options'}},
    );
  });
