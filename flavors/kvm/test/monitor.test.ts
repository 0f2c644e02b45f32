import {type ChildProcess, execFileSync, spawn} from 'node:child_process';
import {once} from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {env} from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {lacks} from '../../../test/helpers/lacks.ts';
import {testIf} from '../../../test/helpers/skip.ts';
import {openTerminal} from '../../../test/helpers/terminal.ts';
import {until} from '../../../test/helpers/until.ts';

/* S21: what a guest says whose root is hostile, to the monitor that is beside QEMU on the host, and by it to those who join an app. */

const at = (name: string): string => path.join(import.meta.dirname, name);
const GUESTS = env.RKT_TEST_LONG === '1' ? 5000 : 50;

/** What the monitor ends with: the status of an app, or its own failure. A sanitizer has another, and so has a signal. */
const SANITIZER = 99;
const LIMIT = 120_000;
const ACCELERATOR = ['accelerator', 'tcg,tb-size=256', 'max'];
/** What the monitor waits for in vain here, nobody else need wait for. */
const IMPATIENT = ['-O1', '-DATTEMPT_SECONDS=1', '-DGRACE_SECONDS=1', '-DSAVE_SECONDS=1', '-DRESTART_MILLISECONDS=10'];
/** That a host is busy is not told by a second. */
const NEVER_BUSY = '-DBUSY_SECONDS=600';

/** Where programs are that several tests have. */
let shared: string | undefined;
test.after.always(() => {
  if (shared !== undefined) rmSync(shared, {recursive: true});
});
const compiled = new Map<string, string>();

/** Compiles a source of the guest's; once for all who want it with the same flags. */
const compile = (program: string, name: string, flags: readonly string[]): void => {
  const key = [name, ...flags].join(' ');
  const known = compiled.get(key);
  shared ??= mkdtempSync(path.join(tmpdir(), 'rkt-test-monitor-'));
  const file = known ?? path.join(shared, String(compiled.size));
  if (known === undefined) execFileSync('cc', [...flags, '-o', file, at(`../guest/${name}.c`)]);
  compiled.set(key, file);
  rmSync(program, {force: true});
  linkSync(file, program);
};

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
  for (const name of ['status', 'control', 'changes']) mkdirSync(path.join(directory, 'pod', name), {recursive: true});
  const socket = path.join(directory, 'pod/control/socket');
  for (const name of ['script', 'supervisor-status']) writeFileSync(path.join(directory, 'pod', name), 'mkdir\t/x\n');
  const apps = ['app', 'a', '-', '-', 'null', 'app', 'b', 'null', '-', path.join(directory, 'log')];
  const args = [
    path.join(directory, 'pod'),
    ...apps,
    ...['changes', '70000', 'app', 'c', 'null', 'null', '-', 'restart', 'always', '1', '600', 'changes', '70000'],
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
      compile(monitor, 'monitor', [...IMPATIENT, NEVER_BUSY]);
      writeFileSync(qemu, `#!/bin/sh\n[ "$1,$2" = -accel=tcg,tb-size=256,max ] || { ${script}; }\n${WORKS}\n`, {
        mode: 0o755,
      });
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
      const mark = path.join(directory, 'status/:accelerator');
      // With neither, and with none but the first, nothing is known of that.
      if (name !== 'hangs') {
        t.is((await run('accelerator', 'kvm', 'host', 'accelerator', 'kvm', 'max')).status, 254);
        t.false(existsSync(mark));
      }
      const next = await run('accelerator', 'kvm', 'host', ...ACCELERATOR);
      t.is(next.status, 5, next.said);
      t.regex(next.said, /^rkt: with the accelerator kvm .*; it is started with tcg$/m);
      t.notRegex(next.said, /[^\n\x20-\x7e]/);
      t.is(readFileSync(mark, 'utf8'), 'kvm\n');
      rmSync(mark);
      compile(monitor, 'monitor', [...IMPATIENT, '-DBUSY_SECONDS=-1']);
      t.is((await run('accelerator', 'kvm', 'host', ...ACCELERATOR)).status, 5);
      // One that was late may have been so because the host was busy, as the next one is then.
      t.is(existsSync(mark), name !== 'hangs');
      if (name === 'hangs') return; // two minutes, without another
      const alone = await run('accelerator', 'kvm', 'host');
      t.is(alone.status, 254, alone.said);
      t.regex(alone.said, /^rkt: RKT_MACHINE_NOT_STARTED: /m);
    },
  );
}

testIf(lacks('program/cc'))(
  'S32 a machine that goes on from a template is another one first; one that does not is booted',
  async (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-monitor-'));
    t.teardown(() => rmSync(directory, {recursive: true}));
    for (const place of ['status', 'control', 'template']) mkdirSync(path.join(directory, place));
    for (const file of ['script', 'supervisor-status']) writeFileSync(path.join(directory, file), 'mkdir\t/x\n');
    const [monitor, qemu] = [path.join(directory, 'monitor'), path.join(directory, 'qemu')];
    // As patient as ever: here it goes on in time.
    execFileSync('cc', ['-O1', '-o', monitor, at('../guest/monitor.c')]);
    const run = async (goesOn: string, boots: string) => {
      for (const old of ['control/socket', 'status/:template']) rmSync(path.join(directory, old), {force: true});
      const script = `[ "$1" = boot ] && { ${boots}; }\n[ "$1" = go-on ] && { ${goesOn}; }\n${WORKS}`;
      writeFileSync(qemu, `#!/bin/sh\n${script}\n`, {mode: 0o755});
      const template = ['template', path.join(directory, 'template')];
      const words = [...template, ...ACCELERATOR, '--', qemu, '--', 'boot', '--', 'go-on'];
      const child = spawn(monitor, [directory, 'app', 'a', 'null', 'null', 'null', ...words], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let said = '';
      child.stderr.on('data', (bytes: Buffer) => {
        said += bytes.toString('latin1');
      });
      const [status] = await once(child, 'close');
      return {status, said};
    };
    const dies = 'exit 3';
    // There is none.
    t.deepEqual(await run(dies, ':'), {status: 5, said: ''});
    const state = path.join(directory, 'template/state');
    writeFileSync(state, 'state');
    const mark = (): string | undefined => {
      const file = path.join(directory, 'status/:template');
      return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    };
    const renewed = `[ "$(cat <&6)" = state ] && printf '{"event": "RESUME"}\\n' >&5 && [ "$(head -c 88 <&3 | head -c 1)" = T ]`;
    t.deepEqual(await run(`${renewed} || ${dies}`, dies), {status: 5, said: ''});
    t.is(mark(), undefined);
    // It takes the apps before it has been told that it is another.
    const same = await run(`printf 'R\\0\\0\\0\\0\\0\\0\\0' >&3; exec sleep 1000`, dies);
    t.is(same.status, 254, same.said);
    t.regex(same.said, /^rkt: RKT_MACHINE_PROTOCOL: the machine is still the one that was saved$/m);
    const refused = await run(`printf '{"error": {"desc": "no such \\033state"}}\\n' >&5; sleep 1000`, ':');
    t.is(refused.status, 5, refused.said);
    t.regex(refused.said, /^rkt: from its template the machine cannot go on: no such {1,2}state; it is booted$/m);
    const ended = await run(dies, ':');
    t.is(ended.status, 5, ended.said);
    t.regex(ended.said, /^rkt: from its template QEMU ended with exit status 3; it is booted$/m);
    const {ino, mtimeNs} = statSync(state, {bigint: true});
    t.is(mark(), `${ino}:${mtimeNs}\n`);
    // Which says nothing of the template: it does not start without, and somebody has killed it.
    t.is((await run(dies, dies)).status, 254);
    t.is(mark(), undefined);
    t.is((await run('kill -KILL $$', ':')).status, 5);
    t.is(mark(), undefined);
  },
);

/** What a pod has for its monitor, with such programs. */
const makeDirectory = (programs: readonly string[], flags: readonly string[] = []): string => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-monitor-'));
  for (const place of ['status', 'control', 'changes']) mkdirSync(path.join(directory, place));
  for (const file of ['script', 'supervisor-status']) writeFileSync(path.join(directory, file), 'mkdir\t/x\n');
  for (const name of programs) compile(path.join(directory, name), name, [...IMPATIENT, ...flags]);
  return directory;
};

/** A QEMU that is a script of a shell. */
const writeScript = (directory: string, script: string): void =>
  writeFileSync(path.join(directory, 'qemu'), `#!/bin/sh\nframe() { printf "$1" >&3; }\n${script}\n`, {mode: 0o755});

const APP = ['app', 'a', 'null', 'null', 'null'];

/** A machine of one app, and what joins that app. */
const startMachine = (
  script: string,
  rule: readonly string[] = [],
  flags: readonly string[] = [],
  apps: readonly string[] = APP,
) => {
  const directory = makeDirectory(['monitor', 'enter'], flags);
  const program = (name: string): string => path.join(directory, name);
  writeScript(directory, script);
  const started: ChildProcess[] = [];
  const start = (name: string, ...args: string[]) => {
    const child = spawn(program(name), args, {
      env: {PATH: '/usr/bin:/bin', RKT_SCRIPT_0: 'mkdir\tx\n'},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    started.push(child);
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString('latin1');
    });
    const ended = once(child, 'close').then(([status, signal]) => ({status, signal, said}));
    return {child, ended};
  };
  return {
    monitor: start('monitor', directory, ...apps, ...rule, ...ACCELERATOR, '--', program('qemu')),
    socket: program('control/socket'),
    read: (name: string) => (existsSync(program(name)) ? readFileSync(program(name), 'utf8') : ''),
    list: (name: string) => readdirSync(program(name)),
    isReady: () => readFileSync(path.join(directory, 'supervisor-status'), 'utf8').startsWith('ready'),
    enter: () => start('enter', path.join(directory, 'control/socket')),
    end: () => {
      for (const child of started) child.kill('SIGKILL');
      rmSync(directory, {recursive: true});
    },
  };
};

/** The app is started; the monitor has sent the script, which is 25 bytes. */
const STARTS = `frame 'R\\0\\0\\0\\0\\0\\0\\0'; frame 'G\\0\\0\\0\\0\\0\\0\\0'; head -c 25 <&3 >/dev/null`;

/** It has that many numbers for an app, and for those who join it. */
const PROCESSES = 64;

testIf(lacks('program/cc'))(
  'S21 a guest that tells no end and ends nothing keeps neither who joins its app nor who stops it',
  async (t) => {
    t.timeout(5 * 60_000);
    // A window may change while the machine starts: by the time the signals are none of the monitor's any more, it has ended or not.
    const machine = startMachine(`kill -s WINCH $PPID; kill -s CONT $PPID
      until grep -q '^ShdPnd:[^1-9a-f]*$' /proc/$PPID/status; do :; done
      ${STARTS}; exec cat <&3 >/dev/null`);
    t.teardown(machine.end);
    await until(machine.isReady);
    const joined = Array.from({length: PROCESSES}, machine.enter);
    const refused = await Promise.race(joined.map(({ended}) => ended));
    t.is(refused.status, 254, refused.said);
    t.regex(refused.said, /RKT_MACHINE_ENTER_FAILED: .*no place left/);
    const [one] = joined.filter(({child}) => child.exitCode === null);
    if (one === undefined) throw new Error('nobody has joined');
    // Of which the guest is told one.
    await until(() => !one.child.kill('SIGTERM') || one.child.signalCode !== null);
    t.is((await one.ended).signal, 'SIGTERM');
    machine.monitor.child.kill('SIGTERM');
    const {status, said} = await machine.monitor.ended;
    t.is(status, 254, said);
    t.regex(said, /RKT_MACHINE_HANGS: the apps have not ended/);
    const others = await Promise.all(joined.filter((other) => other !== one).map(({ended}) => ended));
    t.is(others.filter(({signal}) => signal === 'SIGKILL').length, PROCESSES - 2);
  },
);

testIf(lacks('program/cc'))('S21 what a guest says of an end stops nobody', async (t) => {
  for (const number of ['023', '024', '025', '026', '177', '101']) {
    // The request is 24 bytes.
    const machine = startMachine(`${STARTS}; head -c 24 <&3 >/dev/null
      frame 'X\\001\\0\\0\\004\\0\\0\\0\\${number}\\0\\0\\0'; exec cat <&3 >/dev/null`);
    t.teardown(machine.end);
    await until(machine.isReady);
    const [entered, pod] = await Promise.all([machine.enter().ended, machine.monitor.ended]);
    t.is(entered.signal, 'SIGKILL', number);
    t.is(pod.status, 254, number);
    t.regex(pod.said, /RKT_MACHINE_PROTOCOL: the machine says what it should not/);
  }
});

/** Asks for one stream of output and errors, and goes. */
const GOES = `import socket, sys
monitor = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
monitor.connect(sys.argv[1])
monitor.recv(8)
monitor.send(b'J' + bytes(7))
monitor.shutdown(socket.SHUT_WR)
while monitor.recv(8): pass`;

testIf(lacks('program/cc', 'program/python3'))(
  'what one has asked for that never joined an app is nothing to the next',
  async (t) => {
    const machine = startMachine(`${STARTS}; head -c 1 <&3 >"$(dirname "$0")/heard"`);
    t.teardown(machine.end);
    await until(machine.isReady);
    execFileSync('python3', ['-c', GOES, machine.socket]);
    machine.enter();
    await machine.monitor.ended;
    t.is(machine.read('heard'), 'N');
  },
);

/** The status of a restarted app, 8 bits of it, and what the monitor answers. */
const endsWith = (status: number): string => `frame 'Z\\0\\0\\0\\004\\0\\0\\0\\0\\00${status}\\0\\0'; hear`;
const HEARS = `hear() { answer=$(head -c 8 <&3 | head -c 1); echo "$answer" >>"$(dirname "$0")/heard"; }`;

for (const [policy, limit, ends, answers, code, starts] of [
  ['on-failure', '0', [7, 7, 0], 'AAL', 0, 3],
  ['on-failure', '2', [7, 6, 5], 'AAL', 5, 3],
  ['always', '1', [0, 0], 'AL', 1, 2],
] as const)
  testIf(lacks('program/cc'))(
    `an app with ${policy}, ${limit} times, that ends with ${ends.join()} ends the pod with ${code}`,
    async (t) => {
      const runs = ends.map(endsWith).join('\n');
      const machine = startMachine(
        `${STARTS}; ${HEARS}; ${runs}\nframe 'X\\0\\0\\0\\004\\0\\0\\0\\0\\011\\0\\0'; hear`,
        ['restart', policy, limit, '600'],
      );
      t.teardown(machine.end);
      const {status, said} = await machine.monitor.ended;
      t.deepEqual([status, said], [code, ''], said);
      t.is(machine.read('status/a'), `${ends.at(-1)}\n`);
      t.is(machine.read('status/a.starts'), `${starts}\n`);
      t.is(machine.read('status/a.last'), 'ended\n');
      t.is(machine.read('heard'), [...answers, 'H', ''].join('\n'));
    },
  );

testIf(lacks('program/cc'))(
  'a machine that has nothing left to write is ended at once, and none says so whose app runs',
  async (t) => {
    const halted = `frame 'P\\0\\0\\0\\0\\0\\0\\0'; exec sleep 100000`;
    const ends = `frame 'X\\0\\0\\0\\004\\0\\0\\0\\0\\005\\0\\0'; head -c 8 <&3 >/dev/null`;
    const patient = ['-DHALT_SECONDS=3600'];
    const [whole, early] = [`${ends}; ${halted}`, halted].map((script) =>
      startMachine(`${STARTS}; ${script}`, [], patient),
    );
    t.teardown(() => whole?.end());
    t.teardown(() => early?.end());
    t.is((await whole?.monitor.ended)?.status, 5);
    const refused = await early?.monitor.ended;
    t.is(refused?.status, 254);
    t.regex(refused?.said ?? '', /RKT_MACHINE_PROTOCOL/);
  },
);

/** The app ends with 5; all that it has written is asked for, and what comes then is that. */
const SAVES = `frame 'X\\0\\0\\0\\004\\0\\0\\0\\0\\005\\0\\0'; ${HEARS}; hear; frame 'O\\0\\0\\0\\003\\0\\0\\0old'; frame 'V\\0\\0\\0\\0\\0\\0\\0'`;
const WRITES = `frame 'O\\0\\0\\0\\003\\0\\0\\0new'`;
const savesWith = (status: string): string => `frame 'X\\0\\0\\0\\004\\0\\0\\0\\0\\00${status}\\0\\0'; hear`;

for (const [what, script, kept] of [
  ['something', `${WRITES}; ${savesWith('0')}`, 'new'],
  ['something that changed meanwhile', `${WRITES}; ${savesWith('1')}`, 'new'],
  ['nothing', savesWith('0'), ''],
] as const)
  testIf(lacks('program/cc'))(`what an app has written to its root file system is kept: ${what}`, async (t) => {
    const machine = startMachine(`${STARTS}; ${SAVES}; ${script}`, ['changes', '6']);
    t.teardown(machine.end);
    const {status, said} = await machine.monitor.ended;
    t.deepEqual([status, said], [5, '']);
    t.is(machine.read('heard'), 'V\nH\n');
    t.deepEqual(machine.list('changes'), ['a']);
    t.is(machine.read('changes/a'), kept);
  });

for (const [why, script, limit] of [
  ['it is more than its machine can have', `${WRITES}; head -c 12 <&3 >/dev/null; ${savesWith('0')}`, '2'],
  ['its machine could not read all of it', `${WRITES}; ${savesWith('2')}`, '6'],
  ['the machine sends no more of it', `${WRITES}; hear; hear`, '6'],
  ['the machine has ended', WRITES, '6'],
  ['a signal has ended it', `${WRITES}; sleep 0.1; kill -s TERM $PPID; hear; hear`, '6'],
] as const)
  testIf(lacks('program/cc'))(`S21 what an app has written is kept whole or not at all: ${why}`, async (t) => {
    const machine = startMachine(`${STARTS}; ${SAVES}; ${script}`, ['changes', limit]);
    t.teardown(machine.end);
    const {status, said} = await machine.monitor.ended;
    t.is(status, 5, said);
    t.is(said, `rkt: RKT_MACHINE_CHANGES_LOST: what app "a" has written to its root file system is not kept: ${why}\n`);
    t.deepEqual(machine.list('changes'), []);
  });

testIf(lacks('program/cc'))('S21 nothing is taken for what an app has written before it is asked for', async (t) => {
  const machine = startMachine(`${STARTS}; frame 'V\\0\\0\\0\\0\\0\\0\\0'; exec sleep 100000`, ['changes', '6']);
  t.teardown(machine.end);
  const {status, said} = await machine.monitor.ended;
  t.is(status, 254);
  t.regex(said, /RKT_MACHINE_PROTOCOL/);
});

testIf(lacks('program/cc'))('an app that waits to be started again is not, once the pod is stopped', async (t) => {
  const machine = startMachine(
    `${STARTS}; ${HEARS}; frame 'Z\\0\\0\\0\\004\\0\\0\\0\\0\\005\\0\\0'
    hear; frame 'X\\0\\0\\0\\004\\0\\0\\0\\0\\005\\0\\0'; hear`,
    ['restart', 'always', '0', '0'],
    ['-URESTART_MILLISECONDS', '-DRESTART_MILLISECONDS=3600000'],
  );
  t.teardown(machine.end);
  await until(() => machine.read('status/a') === '5\n');
  t.is(machine.read('status/a.last'), '');
  machine.monitor.child.kill('SIGTERM');
  t.is((await machine.monitor.ended).status, 5);
  t.is(machine.read('status/a.last'), 'ended\n');
  t.is(machine.read('heard'), 'L\nH\n');
});

testIf(lacks('program/cc', 'program/python3'))(
  'the guest is told the size of the terminal, which has its own modes again when the machine is killed',
  async (t) => {
    const directory = makeDirectory(['monitor']);
    t.teardown(() => rmSync(directory, {recursive: true}));
    const told = path.join(directory, 'told');
    // A size is 12 bytes, and comes before the script.
    writeScript(
      directory,
      `frame 'R\\0\\0\\0\\0\\0\\0\\0'; head -c 37 <&3 | head -c 12 >${told}
      frame 'O\\0\\0\\0\\006\\0\\0\\0up\\r\\nx'; frame 'y'; head -c 12 <&3 >>${told}; kill -KILL $$`,
    );
    const terminal = openTerminal([
      path.join(directory, 'monitor'),
      ...[directory, 'app', 'a', 'tty', '-', 'null', ...ACCELERATOR, '--', path.join(directory, 'qemu')],
    ]);
    t.teardown(terminal.close);
    await terminal.see(/up\r\nxy/);
    terminal.resize(33, 99);
    const {status, restored, text} = await terminal.ended;
    t.deepEqual([status, restored], [254, true], text);
    t.regex(text, /^up\r\nxyrkt: RKT_MACHINE_KILLED: the machine was killed by signal 9\r\n/);
    const size = (rows: number, columns: number) => [0x57, 0, 0, 0, 4, 0, 0, 0, rows, 0, columns, 0];
    t.deepEqual([...readFileSync(told)], [...size(24, 80), ...size(33, 99)]);
  },
);

const ends = {
  'its kernel panics': {
    script: `echo "Kernel panic - not syncing: Attempted to kill init! exitcode=0x9" >&4; exit 0`,
    said: /^rkt: RKT_MACHINE_PANIC: the kernel of the machine has panicked: Attempted to kill init! exitcode=0x9\nrkt: the last lines of the machine:\n[^\n]*Kernel panic/,
  },
  'its kernel panics, and says more than is kept': {
    script: `{ printf '%2039s\\n' ''; echo 'Kernel panic - not syncing: Fatal exception'; seq 5000; } >&4; exit 0`,
    said: /^rkt: RKT_MACHINE_PANIC: the kernel of the machine has panicked: Fatal exception\nrkt: the last lines of the machine:\n[\d\n]+\n5000\n/,
  },
  'it ends before its app': {
    script: 'echo "rkt: port: No such device" >&4; exit 0',
    said: /^rkt: RKT_MACHINE_ENDED: the machine ended before the apps\nrkt: the last lines of the machine:\n[^\n]*No such device/,
  },
  'QEMU fails': {
    script: 'echo "out of memory" >&2; exit 1',
    said: /^rkt: RKT_MACHINE_ENDED: QEMU ended with exit status 1\nrkt: the last lines of the machine:\nout of memory/,
  },
  'something cannot be done': {
    script: `frame 'F\\0\\0\\0\\002\\0\\0\\0no'; exec cat <&3 >/dev/null`,
    said: /^rkt: RKT_MACHINE_REFUSED: in the machine: no\n/,
  },
};
testIf(lacks('program/cc'))(
  'each way in which a machine fails has a code, a sentence and its last lines',
  async (t) => {
    for (const [name, {script, said}] of Object.entries(ends)) {
      const machine = startMachine(`frame 'R\\0\\0\\0\\0\\0\\0\\0'; head -c 25 <&3 >/dev/null; ${script}`);
      t.teardown(machine.end);
      const ended = await machine.monitor.ended;
      t.is(ended.status, 254, name);
      t.regex(ended.said, said, name);
    }
  },
);

/** As much as a frame carries, and as is granted anew at once, by 16 bytes. */
const FULL_FRAME = `frame 'O\\0\\0\\0\\0\\0\\001\\0'; head -c 65536 /dev/zero >&3`;

testIf(lacks('program/cc', 'root'))(
  'that an app has started, and how it has ended, is recorded on a disk that is full by then',
  async (t) => {
    const directory = makeDirectory(['monitor']);
    const status = path.join(directory, 'status');
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'none', status]);
    t.teardown(() => {
      execFileSync('umount', [status]);
      rmSync(directory, {recursive: true});
    });
    const ready = path.join(status, ':ready');
    writeFileSync(ready, '');
    rmSync(path.join(directory, 'supervisor-status'));
    symlinkSync(ready, path.join(directory, 'supervisor-status'));
    writeScript(
      directory,
      `cat /dev/zero >${status}/fill 2>/dev/null; ${STARTS}
    frame 'X\\0\\0\\0\\004\\0\\0\\0\\0\\005\\0\\0'; head -c 8 <&3 >/dev/null`,
    );
    const args = [directory, ...APP, ...ACCELERATOR, '--', path.join(directory, 'qemu')];
    const child = spawn(path.join(directory, 'monitor'), args, {stdio: 'ignore'});
    t.deepEqual(await once(child, 'close'), [5, null]);
    t.is(readFileSync(path.join(status, 'a'), 'utf8'), '5\n');
    t.is(readFileSync(ready, 'utf8'), 'ready\n');
  },
);

testIf(lacks('program/cc'))('an output that cannot be written is told once, and holds up nobody', async (t) => {
  const directory = makeDirectory(['monitor']);
  t.teardown(() => rmSync(directory, {recursive: true}));
  writeScript(
    directory,
    `frame 'R\\0\\0\\0\\0\\0\\0\\0'; head -c 25 <&3 >/dev/null
    for try in 1 2; do ${FULL_FRAME}; head -c 16 <&3 >/dev/null; done
    frame 'X\\0\\0\\0\\004\\0\\0\\0\\0\\005\\0\\0'; head -c 8 <&3 >/dev/null`,
  );
  const args = [directory, 'app', 'a', 'null', '/dev/full', 'null', ...ACCELERATOR, '--', path.join(directory, 'qemu')];
  const child = spawn(path.join(directory, 'monitor'), args, {stdio: ['ignore', 'ignore', 'pipe']});
  let said = '';
  child.stderr.on('data', (bytes: Buffer) => {
    said += bytes.toString('latin1');
  });
  const [status] = await once(child, 'close');
  t.deepEqual(
    [status, said],
    [5, 'rkt: RKT_MACHINE_OUTPUT_LOST: standard output of app "a": No space left on device\n'],
  );
});

testIf(lacks('program/cc'))(
  'what an app writes is granted anew by much at once, however little it writes',
  async (t) => {
    const machine = startMachine(
      `${STARTS}; for try in $(seq 64); do frame 'O\\0\\0\\0\\0\\004\\0\\0'; head -c 1024 /dev/zero >&3; done
    head -c 16 <&3 >"$(dirname "$0")/heard"; frame 'X\\0\\0\\0\\004\\0\\0\\0\\0\\005\\0\\0'; head -c 8 <&3 >/dev/null`,
      [],
      [],
      ['app', 'a', 'null', '/dev/null', 'null'],
    );
    t.teardown(machine.end);
    const {status, said} = await machine.monitor.ended;
    t.is(status, 5, said);
    t.is(machine.read('heard'), 'C\0\0\0\b\0\0\0O\0\0\0\0\0\x01\0');
  },
);

/** A pipe that takes nothing more until somebody reads it. */
const fullPipe = (t: ExecutionContext): {file: string; read: () => void} => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-monitor-'));
  const file = path.join(directory, 'pipe');
  execFileSync('mkfifo', [file]);
  const fd = openSync(file, constants.O_RDWR | constants.O_NONBLOCK);
  t.teardown(() => {
    closeSync(fd);
    rmSync(directory, {recursive: true});
  });
  const page = Buffer.alloc(4096);
  t.throws(
    () => {
      for (;;) writeSync(fd, page);
    },
    {code: 'EAGAIN'},
  );
  return {file, read: () => readSync(fd, page)};
};

testIf(lacks('program/cc'))('what an app has left behind holds up no pod by what it writes', async (t) => {
  const {file} = fullPipe(t);
  const machine = startMachine(
    `${STARTS}; frame 'X\\0\\0\\0\\004\\0\\0\\0\\0\\005\\0\\0O\\0\\0\\0\\001\\0\\0\\0x'; head -c 8 <&3 >/dev/null`,
    [],
    [],
    ['app', 'a', 'null', file, 'null'],
  );
  t.teardown(machine.end);
  t.is((await machine.monitor.ended).status, 5);
});

testIf(lacks('program/cc'))(
  'S21 a guest that ends no app is ended, however much it writes after SIGKILL',
  async (t) => {
    const {file} = fullPipe(t);
    const machine = startMachine(
      `${STARTS}; head -c 24 <&3 >/dev/null; ${FULL_FRAME}; exec cat <&3 >/dev/null`,
      [],
      ['-DMAX_LATE=1u'],
      ['app', 'a', 'null', file, 'null'],
    );
    t.teardown(machine.end);
    await until(machine.isReady);
    machine.monitor.child.kill('SIGTERM');
    const {status, said} = await machine.monitor.ended;
    t.is(status, 254, said);
    t.regex(said, /RKT_MACHINE_HANGS/);
  },
);

testIf(lacks('program/cc'))(
  'two apps that write to one pipe, whose reader is slow, do not hold up who stops them',
  async (t) => {
    const {file, read} = fullPipe(t);
    const machine = startMachine(
      `frame 'R\\0\\0\\0\\0\\0\\0\\0'; head -c 25 <&3 >/dev/null
    for app in 0 1; do frame "O\\00$app\\0\\0\\0\\020\\0\\0"; head -c 4096 /dev/zero >&3; done
    frame 'G\\0\\0\\0\\0\\0\\0\\0'; head -c 1 <&3 >"$(dirname "$0")/heard"`,
      [],
      [],
      ['a', 'b'].flatMap((name) => ['app', name, 'null', file, 'null']),
    );
    t.teardown(machine.end);
    await until(machine.isReady);
    // There is place for one.
    read();
    machine.monitor.child.kill('SIGTERM');
    await until(() => machine.read('heard') === 'K');
    t.pass();
  },
);

testIf(lacks('program/cc'))('what an app and the kernel have said last is told of a machine that fails', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-monitor-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const log = path.join(directory, 'log');
  // All of it is there when the monitor looks.
  const machine = startMachine(
    `${STARTS}; kill -STOP $PPID; ${FULL_FRAME}; frame 'O\\0\\0\\0\\004\\0\\0\\0last'
    seq 2000 >&4; echo gone >"$(dirname "$0")/heard"; exit 3`,
    [],
    [],
    ['app', 'a', 'null', log, 'null'],
  );
  t.teardown(machine.end);
  await until(() => machine.read('heard') !== '');
  machine.monitor.child.kill('SIGCONT');
  const {status, said} = await machine.monitor.ended;
  t.is(status, 254, said);
  t.regex(said, /1999\n2000\n+$/);
  t.is(statSync(log).size, 65_540);
});

testIf(lacks('program/cc'))('S21 a machine says nothing of apps before it has started', async (t) => {
  const machine = startMachine(`frame 'X\\0\\0\\0\\004\\0\\0\\0\\0\\0\\0\\0'; exec cat <&3 >/dev/null`);
  t.teardown(machine.end);
  const {status, said} = await machine.monitor.ended;
  t.is(status, 254, said);
  t.regex(said, /RKT_MACHINE_PROTOCOL: .* before it has started\n/);
});

/** linux/errno.h: that it may not, and that it is no tap. */
const [EPERM, ENOTTY] = ['1', '25'];

testIf(lacks('program/cc'))('S21 QEMU that somebody has taken over changes nothing of a tap that stays', async (t) => {
  const directory = makeDirectory(['monitor']);
  t.teardown(() => rmSync(directory, {recursive: true}));
  const qemu = path.join(directory, 'qemu');
  execFileSync('cc', ['-O1', '-o', qemu, at('fixtures/asks-taps.c')]);
  const ask = async (taps: object) => {
    rmSync(path.join(directory, 'control/socket'), {force: true});
    // In the place of a tap it has /dev/null, which knows none of these requests.
    const child = spawn(path.join(directory, 'monitor'), [directory, ...APP, ...ACCELERATOR, '--', qemu], {
      env: {PATH: '/usr/bin:/bin', ...taps},
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => {
      said += bytes.toString('latin1');
    });
    t.is((await once(child, 'close'))[0], 254, said);
    return [...said.matchAll(/(\w+)=(\d+) /g)].map(([, name, error]) => ({name, error}));
  };
  const answers = await ask({RKT_TAP_FDS: '0'});
  const answeredWith = (error: string) => answers.filter((one) => one.error === error).map(({name}) => name);
  t.deepEqual(answeredWith(EPERM), [
    ...['TUNSETNOCSUM', 'TUNSETDEBUG', 'TUNSETIFF', 'TUNSETPERSIST', 'TUNSETOWNER', 'TUNSETLINK', 'TUNSETGROUP'],
    ...['TUNSETTXFILTER', 'TUNATTACHFILTER', 'TUNDETACHFILTER', 'TUNSETQUEUE', 'TUNSETIFINDEX', 'TUNGETFILTER'],
    ...['TUNSETSTEERINGEBPF', 'TUNSETFILTEREBPF', 'TUNSETCARRIER', 'TUNGETDEVNETNS', 'SIOCSIFHWADDR', 'wide'],
  ]);
  t.deepEqual(answeredWith(ENOTTY), [
    ...['TUNGETFEATURES', 'TUNGETIFF', 'TUNSETOFFLOAD', 'TUNSETSNDBUF', 'TUNSETVNETHDRSZ', 'TUNSETVNETLE', 'TCGETS'],
  ]);
});
