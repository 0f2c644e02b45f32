import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {lacks} from '../../../test/helpers/lacks.ts';
import {testIf} from '../../../test/helpers/skip.ts';

const ENAMETOOLONG = '36';

testIf(lacks('program/cc'))('S14 a name that is none of a network card is refused, and overruns nothing', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-network-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const [source, program] = [path.join(directory, 'main.c'), path.join(directory, 'main')];
  writeFileSync(
    source,
    `#include "${path.join(import.meta.dirname, '../guest/network.h')}"
#include <stdio.h>
int main(int count, char **names) {
	for (int at = 1; at < count; at++) printf("%d\\n", change_link(0x7fffffff, names[at], 1400, 0));
	(void)add_address, (void)add_route;
}
`,
  );
  execFileSync('cc', ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-o', program, source]);
  const options = {env: {ASAN_OPTIONS: 'detect_leaks=0'}, encoding: 'utf8'} as const;
  const [known, ...tooLong] = execFileSync(program, ['n'.repeat(15), 'n'.repeat(16), 'n'.repeat(5000)], options)
    .trim()
    .split('\n');
  t.deepEqual(tooLong, [ENAMETOOLONG, ENAMETOOLONG]);
  t.not(known, ENAMETOOLONG);
});
