import {execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import {lacks} from '../../../test/helpers/lacks.ts';
import {testIf} from '../../../test/helpers/skip.ts';

/* S21: what a guest says whose root is hostile, to the monitor that is beside QEMU on the host, and by it to those who join an app. */

const at = (name: string): string => path.join(import.meta.dirname, name);
const GUESTS = env.RKT_TEST_LONG === '1' ? 5000 : 50;

/** What the monitor ends with: the status of an app, or its own failure. A sanitizer has another, and so has a signal. */
const SANITIZER = 99;
const LIMIT = 120_000;

testIf(lacks('program/cc'))('S21 whatever a guest says, the monitor reads what it was given and ends', async (t) => {
  t.timeout(30 * 60_000);
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-monitor-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const program = (name: string): string => path.join(directory, name);
  const [monitor, enter, guest] = [program('monitor'), program('enter'), program('guest')];
  const sanitizers = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'];
  for (const name of ['monitor', 'enter'])
    execFileSync('cc', ['-O1', '-g', ...sanitizers, '-o', program(name), at(`../guest/${name}.c`)]);
  execFileSync('cc', ['-O1', '-o', guest, at('fixtures/hostile-guest.c')]);
  for (const name of ['status', 'control']) mkdirSync(path.join(directory, 'pod', name), {recursive: true});
  const socket = path.join(directory, 'pod/control/socket');
  for (const name of ['script', 'supervisor-status']) writeFileSync(path.join(directory, 'pod', name), 'mkdir\t/x\n');
  const apps = ['app', 'a', '-', '-', 'null', 'app', 'b', 'null', '-', path.join(directory, 'log')];
  const args = [
    path.join(directory, 'pod'),
    ...apps,
    ...['app', 'c', 'null', 'null', '-'],

    '--',
    guest,
  ];
  const options = `exitcode=${SANITIZER}:detect_leaks=0:log_path=${directory}/sanitizer`;
  for (let seed = 1; seed <= GUESTS; seed++) {
    rmSync(socket, {force: true});
    const child = spawn(monitor, [...args, String(seed), enter, socket], {
      env: {ASAN_OPTIONS: options, UBSAN_OPTIONS: options},
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stdout.resume();
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString('latin1');
    });
    // An input without end, as long as somebody reads it.
    child.stdin.on('error', () => {});
    child.stdin.write(Buffer.alloc(2 ** 20));
    const [status, signal] = await once(child, 'close');
    t.is(signal, null, `guest ${seed}: ${said}`);
    const reports = readdirSync(directory).filter((name) => name.startsWith('sanitizer'));
    const report = reports.map((name) => readFileSync(path.join(directory, name), 'utf8')).join('\n');
    t.is(report, '', `guest ${seed}: ${said}`);
    t.not(status, SANITIZER, `guest ${seed}: ${said}`);
  }
});
