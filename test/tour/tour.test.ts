import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import test from 'ava';
import {execa} from 'execa';
import {rktEnvironment, root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {testIf} from '../helpers/skip.ts';
import {program} from '../runner/packages.ts';
import {matches, tourCommands, tourResults, tourScript} from './tour.ts';

/* See tour.ts for how the tour has to be written. */

test('the tour is read as its convention says', (t) => {
  const markdown = [
    '# Title',
    '```console',
    '$ not the tour',
    '```',
    '## A five-minute tour',
    '```console',
    '$ first \\',
    '> second',
    'one … three',
    '…',
    '$ third # exit code 3',
    '$ fourth',
    'rkt: no',
    '```',
    '```sh',
    'a=1',
    'test $a',
    '```',
    '```yaml',
    'no: command',
    '```',
    '## After it',
    '```console',
    '$ not the tour',
    '```',
  ].join('\n');
  t.deepEqual(tourCommands(markdown), [
    {command: 'first \\\nsecond', exitCode: 0, output: ['one … three', '…']},
    {command: 'third # exit code 3', exitCode: 3, output: undefined},
    {command: 'fourth', exitCode: 254, output: ['rkt: no']},
    {command: 'a=1 &&\ntest $a', exitCode: 0, output: undefined},
  ]);
});

test('… stands for text in a line, and for lines', (t) => {
  t.true(matches(['a … c'], 'a b c\n'));
  t.true(matches(['a', '…', 'z'], 'a\nb\nc\nz\n'));
  t.true(matches(['a', '…'], 'a\n'));
  t.false(matches(['a … c'], 'a b d\n'));
  t.false(matches(['a'], 'a\nb\n'));
  t.false(matches(['a.c'], 'abc\n'));
  t.false(matches(['a', '…', 'z'], 'a\nb\n'));
});

testIf(lacksPods('program/bash', 'program/systemd-nspawn', 'program/systemd-analyze'))(
  'the five-minute tour of the README does what it says',
  async (t) => {
    t.timeout(11 * 60_000);
    const commands = tourCommands(readFileSync(path.join(root, 'README.md'), 'utf8'));
    t.true(commands.length > 0, 'README.md has no tour');
    const host = openHost();
    t.teardown(() => host.close());
    const bin = path.join(host.directory, 'bin');
    const work = path.join(host.directory, 'work');
    mkdirSync(bin);
    mkdirSync(work);
    const quoted = host.command().map((word) => `'${word}'`);
    writeFileSync(path.join(bin, 'rkt'), `#!/bin/sh\nexec ${quoted.join(' ')} "$@"\n`, {mode: 0o755});
    writeFileSync(path.join(bin, 'sudo'), '#!/bin/sh\nexec "$@"\n', {mode: 0o755});
    const script = path.join(host.directory, 'tour.sh');
    writeFileSync(script, `exec 2>&1\n${tourScript(commands)}`);
    const {stdout: output} = await execa(program('bash') ?? '/bin/bash', [script], {
      cwd: work,
      env: {...rktEnvironment, PATH: `${bin}:${rktEnvironment.PATH}`},
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
      stripFinalNewline: false,
      // It takes a minute.
      timeout: 10 * 60_000,
    });
    const results = tourResults(output);
    for (const [index, {command, exitCode, output: expected}] of commands.entries()) {
      const result = results[index];
      t.is(result?.exitCode, exitCode, `$ ${command}\n${result?.output ?? output}`);
      if (expected && result)
        t.true(
          matches(expected, result.output),
          `$ ${command}\nprinted:\n${result.output}\nnot:\n${expected.join('\n')}`,
        );
    }
  },
);
