import {writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {flavor, openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';

/* What execve(2) takes works, and the rest is one error before anything is there. */

const host = openHost();
test.after.always(() => host.close());
const kernelTest = testIf(lacksPods());

const VARIABLES = 12_000;
const STRING = 128 * 1024;
/** With backslashes, which units write double. */
const value = (index: number) => `${index}\\\\ "${'x'.repeat(60)}`;

const environmentFile = (name: string, lines: readonly string[]): string => {
  const file = path.join(host.directory, name);
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
};
const many = () =>
  environmentFile(
    'many',
    Array.from({length: VARIABLES}, (_, index) => `V${index}=${value(index)}`),
  );
/** Programs started from it have the variables, too. */
const COUNT = "env | grep -c '^V[0-9]*='; env | grep '^V11999='";

kernelTest('EX-16 an app has twelve thousand variables of a megabyte, and so has what enters it', async (t) => {
  const pod = await host.start(`${COUNT}; echo ready; read line`, {pod: [`--set-env-file=${many()}`]});
  const entered = await host.enter(pod.uuid, COUNT);
  const verified = await host.rkt(['--format=json', 'status', '--verify', pod.uuid]);
  const {stdout} = await pod.end();
  const expected = `${VARIABLES}\nV11999=${value(11_999)}\n`;
  t.is(stdout, `${expected}ready\n`);
  t.is(entered.stdout, expected, entered.stderr);
  t.is(verified.exitCode, 0, verified.stderr);
});

kernelTest('EX-16 an argument or a variable as long as the kernel takes one', async (t) => {
  const file = environmentFile('long', [`V=${'x'.repeat(STRING - 'V='.length - 1)}`]);
  const script = `: ${'x'.repeat(STRING - 100)}; echo $\{#V}; read line`;
  const pod = await host.start(`echo ready; ${script}`, {pod: [`--set-env-file=${file}`]});
  const entered = await host.enter(pod.uuid, script.replace('read line', ''));
  const {stdout} = await pod.end();
  t.is(stdout, `ready\n${STRING - 3}\n`);
  t.is(entered.stdout, `${STRING - 3}\n`, entered.stderr);
});

kernelTest('EX-16 what execve does not take is refused before anything is there', async (t) => {
  const own = openHost();
  t.teardown(() => own.close());
  const long = 'x'.repeat(STRING);
  const handlers = [{name: 'pre-start', exec: ['/bin/true', long]}];
  const cases = {
    'variable V': {pod: [`--set-env-file=${environmentFile('too-long', [`V=${long}`])}`]},
    'variable W': {image: {app: {environment: [{name: 'W', value: long}]}}},
    'argument 1': flavor === 'fly' ? undefined : {image: {app: {eventHandlers: handlers}}},
    'arguments and variables': {pod: [`--set-env-file=${many()}`], app: ['--rlimit=stack=1M:1M']},
  };
  for (const [what, options] of Object.entries(cases)) {
    if (options === undefined) continue;
    const {exitCode, stdout, error} = await own.sh('echo ran', options);
    t.deepEqual([exitCode, stdout, error?.code, error?.fields.what], [254, '', 'RKT_EXEC_ARGUMENTS_TOO_LARGE', what]);
  }
  t.deepEqual(own.podDirectories(), {});
});

kernelTest('EX-16 what enters is refused by the same limits, and the app goes on', async (t) => {
  const pod = await host.start('echo ready; read line; echo went on', {app: ['--rlimit=stack=1M:1M']});
  const words = Array.from({length: 400}, () => 'x'.repeat(1000));
  const refused = await host.rkt(['--format=json', 'enter', pod.uuid, '/bin/echo', ...words]);
  t.deepEqual([refused.exitCode, refused.error?.code], [254, 'RKT_EXEC_ARGUMENTS_TOO_LARGE'], refused.stderr);
  t.is((await host.rkt(['--format=json', 'enter', pod.uuid, '/bin/echo', ...words.slice(0, 200)])).exitCode, 0);
  pod.child.stdin?.end('\n');
  const {stdout} = await pod.ended;
  t.is(stdout, 'ready\nwent on\n');
});
