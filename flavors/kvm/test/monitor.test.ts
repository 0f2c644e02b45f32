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
const ACCELERATOR = ['accelerator', 'tcg', 'max'];

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
    ...ACCELERATOR,
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

/** A guest of one app, which ends with 5. The monitor has sent it 33 bytes by then: the script, its end, and the order to halt. */
const WORKS = `
frame() { printf "$1" >&3; }
frame 'R\\0\\0\\0\\0\\0\\0\\0'; frame 'G\\0\\0\\0\\0\\0\\0\\0'
frame 'X\\0\\0\\0\\004\\0\\0\\0\\0\\005\\0\\0'; head -c 33 <&3 >/dev/null`;

const machines = {
  aborts: 'kill -ABRT $$',
  'does not open the device': 'echo "Could not access KVM kernel module" >&2; exit 1',
  'prints garbage': 'head -c 100000 /dev/urandom >&2; exit 3',
  hangs: 'exec sleep 100000',
};
for (const [name, script] of Object.entries(machines)) {
  testIf(lacks('program/cc'))(
    `a QEMU that ${name} with one accelerator is started with the next, if there is one`,
    async (t) => {
      const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-monitor-'));
      t.teardown(() => rmSync(directory, {recursive: true}));
      for (const place of ['status', 'control']) mkdirSync(path.join(directory, place));
      for (const file of ['script', 'supervisor-status']) writeFileSync(path.join(directory, file), 'mkdir\t/x\n');
      const [monitor, qemu] = [path.join(directory, 'monitor'), path.join(directory, 'qemu')];
      execFileSync('cc', ['-O1', '-o', monitor, at('../guest/monitor.c')]);
      writeFileSync(qemu, `#!/bin/sh\n[ "$1,$2" = -accel=tcg,max ] || { ${script}; }\n${WORKS}\n`, {mode: 0o755});
      const run = async (...accelerators: string[]) => {
        rmSync(path.join(directory, 'control/socket'), {force: true});
        const child = spawn(
          monitor,
          [directory, 'app', 'a', 'null', 'null', 'null', ...accelerators, '--', qemu, '-accel=@ACCELERATOR@', '@CPU@'],
          {
            stdio: ['ignore', 'ignore', 'pipe'],
          },
        );
        let said = '';
        child.stderr.on('data', (bytes: Buffer) => {
          said += bytes.toString('latin1');
        });
        const [status] = await once(child, 'close');
        return {status, said};
      };
      const next = await run('accelerator', 'kvm', 'host', ...ACCELERATOR);
      t.is(next.status, 5, next.said);
      t.regex(next.said, /^rkt: with the accelerator kvm .*; it is started with tcg$/m);
      t.notRegex(next.said, /[^\n\x20-\x7e]/);
      if (name === 'hangs') return; // two minutes, without another
      const alone = await run('accelerator', 'kvm', 'host');
      t.is(alone.status, 254, alone.said);
      t.regex(alone.said, /^rkt: RKT_MACHINE_FAILED: /m);
    },
  );
}
