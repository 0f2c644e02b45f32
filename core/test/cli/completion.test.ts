import {spawnSync} from 'node:child_process';
import {chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {lacks} from '../../../test/helpers/lacks.ts';
import {testIf} from '../../../test/helpers/skip.ts';
import {bashCompletion} from '../../src/cli/completion-bash.ts';
import {fishCompletion} from '../../src/cli/completion-fish.ts';
import {completionModel} from '../../src/cli/completion-model.ts';
import {zshCompletion} from '../../src/cli/completion-zsh.ts';

const MAKERS = {bash: bashCompletion, fish: fishCompletion, zsh: zshCompletion} as const;

let directory = '';
const script = (shell: keyof typeof MAKERS): string => path.join(directory, shell);

test.before(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'rkt-completion-'));
  const {commands, global} = await completionModel();
  for (const [shell, make] of Object.entries(MAKERS))
    writeFileSync(path.join(directory, shell), make(commands, global));
  const stub = path.join(directory, 'rkt');
  writeFileSync(stub, '#!/bin/sh\nfor last; do :; done\nprintf "%s\\n" "$last-one" "$last-two"\n');
  chmodSync(stub, 0o755);
});
test.after.always(() => rmSync(directory, {recursive: true}));

for (const shell of ['bash', 'fish', 'zsh'] as const) {
  testIf(lacks(`program/${shell}`))(`the ${shell} script passes the shell's own check`, (t) => {
    const {status, stderr} = spawnSync(shell, ['-n', script(shell)]);
    t.is(String(stderr), '');
    t.is(status, 0);
  });

  test(`the ${shell} script knows every visible command and flag`, async (t) => {
    const {commands, global} = await completionModel();
    const text = MAKERS[shell](commands, global);
    for (const {name, flags} of commands) {
      t.true(
        name.split(' ').every((word) => text.includes(word)),
        name,
      );
      for (const flag of flags)
        t.true(text.includes(shell === 'fish' ? `-l ${flag.name} ` : `--${flag.name}`), flag.name);
    }
    t.false(/__complete["' ]*\)/.test(text));
  });
}

const complete = (line: string, programs = directory): string[] => {
  const {stdout} = spawnSync(
    'bash',
    [
      '-c',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: bash's own
      '. "$1"; COMP_LINE=$2 COMP_POINT=$3; _rkt; IFS=,; echo "${COMPREPLY[*]}"',
      'bash',
      script('bash'),
      line,
      String(line.length),
    ],
    {env: {PATH: `${programs}:/usr/bin:/bin`, LC_ALL: 'C.UTF-8'}, cwd: programs},
  );
  return String(stdout)
    .trim()
    .split(',')
    .filter((word) => word !== '');
};

testIf(lacks('program/bash'))('S15 bash runs nothing of what a stranger has called an image', (t) => {
  const stub = path.join(directory, 'hostile');
  mkdirSync(stub);
  const names = ['example.com/a:$(>substituted)`>backquoted`', 'example.com/$HOME', 'example.com/*', '~'];
  writeFileSync(path.join(stub, 'rkt'), `#!/bin/sh\nprintf '%s\\n' ${names.map((name) => `'${name}'`).join(' ')}\n`);
  chmodSync(path.join(stub, 'rkt'), 0o755);
  // Files are offered, too.
  t.deepEqual(complete('rkt run ', stub), [...names, 'rkt']);
  t.deepEqual(readdirSync(stub), ['rkt']);
});

for (const [line, words] of [
  ['rkt vers', ['version']],
  ['rkt --debug vers', ['version']],
  ['rkt --format json vers', ['version']],
  ['rkt flavor ', ['build', 'compare', 'list', 'new', 'show', 'doctor', 'test', 'use']],
  ['rkt flavor show ', ['flavors-one', 'flavors-two']],
  ['rkt completion ', ['bash', 'fish', 'zsh']],
  ['rkt version --form', ['--format=']],
  ['rkt version --format=json', ['json', 'json-pretty']],
  ['rkt version --format y', ['yaml']],
  ['rkt help comp', ['completion']],
  ['rkt config --sh', ['--show-secrets']],
  ['rkt version --dir zs', ['zsh']],
] as const)
  testIf(lacks('program/bash'))(`bash completes "${line}"`, (t) =>
    t.deepEqual(complete(line).sort(), [...words].sort()),
  );
