import {execFileSync} from 'node:child_process';
import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {lacks} from '../../../test/helpers/lacks.ts';
import {testIf} from '../../../test/helpers/skip.ts';

const at = (name: string): string => path.join(import.meta.dirname, name);
const MEBIBYTE = 1024 * 1024;

testIf(lacks('program/cc'))(
  'what QEMU has translated is given back once the machine sleeps, and not all the time',
  (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-give-back-'));
    t.teardown(() => rmSync(directory, {recursive: true}));
    const [library, program] = [path.join(directory, 'give-back.so'), path.join(directory, 'like-qemu')];
    execFileSync('cc', ['-std=gnu11', '-Os', '-shared', '-fPIC', '-o', library, at('../guest/give-back.so.c')]);
    const compile = (...flags: string[]) =>
      execFileSync('cc', ['-O1', ...flags, '-o', program, at('fixtures/like-qemu.c')]);
    const run = (place: string, ...used: number[]): number[][] => {
      const options = {env: {LD_PRELOAD: library}, encoding: 'utf8', timeout: 60_000} as const;
      const said = execFileSync(program, [place, ...used.map(String)], options);
      return [...said.matchAll(/.+/g)].map(([line]) => line.split(' ').map(Number));
    };
    compile('-rdynamic');
    const kept = 2 * MEBIBYTE;
    // It works, sleeps, sleeps, works, sleeps without having done much since, works a little, and sleeps.
    t.deepEqual(run('inside', 0, 450, 460, 500, 1400, 1450, 1650, 1660), [
      [460, 1, kept, 0],
      [1660, 2, kept, 0],
    ]);
    t.deepEqual(run('inside', 0, 200, 400, 600, 800), []);
    const whole = 8 * MEBIBYTE;
    t.deepEqual(run('outside', 0, 10), [[10, 0, whole, whole]]);
    // What it calls is not there.
    compile();
    t.deepEqual(run('inside'), []);
  },
);
