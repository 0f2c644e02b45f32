import {spawnSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import path from 'node:path';
import {env} from 'node:process';
import test, {type ExecutionContext} from 'ava';
import {flavor, openHost} from '../helpers/host.ts';
import {buildImage} from '../helpers/image.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {childrenOf, stateOf} from '../helpers/proc.ts';
import {testIf} from '../helpers/skip.ts';
import {openTerminal, type Terminal} from '../helpers/terminal.ts';
import {until} from '../helpers/until.ts';

/* Somebody sits at a terminal: what a shell in a pod is to them, with each flavor. */

const host = openHost();
const kernelTest = testIf(lacksPods('program/python3'));
const opened: Terminal[] = [];
let pods = 0;

const uuidFile = () => path.join(host.directory, `terminal-${++pods}`);
const open = (...args: string[]): Terminal => {
  const terminal = openTerminal(host.command(...args));
  opened.push(terminal);
  return terminal;
};
const start = (script: readonly string[], {app = [], file = uuidFile()}: {app?: string[]; file?: string} = {}) =>
  open(
    ...['--format=json', '--insecure-options=image', 'run', `--stage1=${flavor}`, '--interactive'],
    ...[`--uuid-file-save=${file}`, buildImage(), ...app, '--exec=/bin/sh', '--', ...script],
  );
const sh = (script: string, app: string[] = []) => start(['-c', script], {app});

// First those who sit there, then the pods.
test.after.always(async () => {
  for (const terminal of opened) terminal.close();
  await host.close();
});

/** A prompt of busybox's shell asks the terminal where the cursor is. */
const PROMPT = /[#$] /;

/** Says when it is there, and when it is continued. */
const JOB = `sh -c 'trap "echo go""ing" CONT; echo start""ed; while :; do sleep 0.1; done'`;
/** The same, without another process: dash starts one by vfork(2), and who is stopped in the middle of that never is as a whole. */
const LONE_JOB = `perl -e '$|=1; $SIG{CONT}=sub {print "go"."ing\\n"}; print "start"."ed\\n"; sleep 1 while 1'`;

const inShell = async (t: ExecutionContext, shell: Terminal, job = JOB) => {
  await shell.see(PROMPT);
  // Keys are the shell's own until what it has started says that it is there.
  shell.type(`${job}\n`);
  await shell.see(/started\r\n/);
  shell.type('\x1a');
  await shell.see(/Stopped/);
  await shell.see(PROMPT);
  shell.type("jobs; echo list''ed\n");
  await shell.see(/\[1\] ?\+? +Stopped[^\n]*\n[\s\S]*listed/);
  shell.type('fg\n');
  await shell.see(/going/);
  shell.type('\x03');
  // busybox drops the rest of a line after this.
  await shell.see(PROMPT);
  shell.type("echo en''ded=$?\n");
  t.is((await shell.see(/ended=(\d+)/))[1], '130');
  await shell.see(PROMPT);
  // The shell's process group is one of the pod, and the terminal's own.
  shell.type("read -r line </proc/self/stat; set -- $line; echo gro''ups=$5,$8,\n");
  const [, own, foreground] = await shell.see(/groups=(\d+),(\d+),/);
  t.true(own !== '0' && own === foreground, `${own}, ${foreground}`);
  shell.type('exit 7\n');
  const {status, restored, text} = await shell.ended;
  t.is(status, 7);
  t.true(restored, 'the terminal is in the mode that it was in before');
  t.notRegex(text, /job control|process group/);
};

kernelTest("a shell has job control and its exit status is the pod's", async (t) => {
  await inShell(t, start([]));
});

kernelTest('a shell of rkt enter has job control and its exit status is that of rkt', async (t) => {
  const pod = await host.start('echo ready; cat');
  await inShell(t, open('enter', pod.uuid, '/bin/sh'));
  await pod.end();
});

/** Of this host: they ask more of a terminal than busybox does. */
const SHELLS = env.RKT_TEST_LONG === '1' ? ['dash', 'bash'] : ['dash'];

for (const name of SHELLS) {
  testIf(lacksPods('program/python3', 'program/perl', `program/${name}`))(
    `so has ${name}, in run and in enter`,
    async (t) => {
      const file = path.join(host.directory, `${name}.aci`);
      const programs = ['sh', name, 'cat', 'perl'];
      const built = await host.rkt([
        'image',
        'build',
        '--from-host',
        ...programs,
        '--name=example.com/shell',
        '-o',
        file,
      ]);
      t.is(built.exitCode, 0, built.stderr);
      const run = ['--insecure-options=image', 'run', `--stage1=${flavor}`, '--interactive', file];
      await inShell(t, open(...run, `--exec=${name}`, '--', '-i'), LONE_JOB);
      const pod = await host.start('echo ready; cat', {image: file});
      await inShell(t, open('enter', pod.uuid, name, '-i'), LONE_JOB);
      await pod.end();
    },
  );
}

kernelTest('the app has the size of the terminal and is told when that changes', async (t) => {
  const terminal = sh('trap "stty size" WINCH; stty size; while :; do sleep 0.1; done');
  await terminal.see(/24 80\r\n/);
  terminal.resize(33, 99);
  await terminal.see(/33 99\r\n/);
  terminal.type('\x03');
  t.like(await terminal.ended, {status: 130, restored: true});
});

kernelTest('the app is told which kind of terminal it is, by run and by enter, unless it knows better', async (t) => {
  const on = (...command: string[]) => {
    const terminal = openTerminal(['/usr/bin/env', 'TERM=vt220', ...command]);
    opened.push(terminal);
    return terminal;
  };
  const run = (...app: string[]) =>
    host.command(
      ...['--insecure-options=image', 'run', `--stage1=${flavor}`, '--interactive', buildImage(), ...app],
      ...['--exec=/bin/sh', '--', '-c', 'echo "kind=$TERM"'],
    );
  const pod = await host.start('echo "kind=$TERM"; echo ready; cat');
  for (const [command, kind] of [
    [run(), 'vt220'],
    [run('--environment=TERM=dumb'), 'dumb'],
    [host.command('enter', pod.uuid, '/bin/sh', '-c', 'echo "kind=$TERM"'), 'vt220'],
  ] as const) {
    t.is((await on(...command).see(/kind=(\w*)/))[1], kind);
  }
  t.is((await pod.end()).stdout, 'kind=\nready\n');
});

kernelTest('a terminal has a name in the pod, and it is there', async (t) => {
  const terminal = sh('tty; test -c "$(tty)" && echo x >"$(tty)" && echo there');
  await terminal.see(/\/dev\/console\r\nx\r\nthere/);
  t.like(await terminal.ended, {status: 0});
});

kernelTest('who enters stops with what was entered, and both go on when a shell says so', async (t) => {
  const pod = await host.start('echo ready; cat');
  const shell = openTerminal(['/bin/bash', '--norc', '-i']);
  opened.push(shell);
  await shell.see(PROMPT);
  const inside = `trap "echo go""ing" CONT; trap "stty size" WINCH; echo start""ed; while :; do sleep 0.1; done`;
  shell.type(`${host.command('enter', pod.uuid, '/bin/sh', '-c', `'${inside}'`).join(' ')}\n`);
  await shell.see(/started\r\n/);
  shell.resize(33, 99);
  await shell.see(/33 99\r\n/);
  shell.type('\x1a');
  await shell.see(/Stopped/);
  await shell.see(PROMPT);
  shell.type('fg\n');
  await shell.see(/going/);
  shell.type('\x03');
  await shell.see(PROMPT);
  shell.type("echo en''ded=$?\n");
  t.is((await shell.see(/ended=(\d+)/))[1], '130');
  shell.type('exit 7\n');
  t.like(await shell.ended, {status: 7});
  await pod.end();
});

kernelTest("what was entered has a terminal of the pod, with a name, which is its user's", async (t) => {
  const pod = await host.start('echo ready; cat', {app: ['--user=12', '--group=34']});
  const script = 'tty; stat -c "%u:%a" "$(tty)"; echo x >/dev/stdout; echo y >/dev/tty';
  const terminal = open('enter', pod.uuid, '/bin/sh', '-c', script);
  await terminal.see(/^\/dev\/pts\/\d+\r\n12:600\r\nx\r\ny\r\n$/);
  t.like(await terminal.ended, {status: 0, restored: true});
  await pod.end();
});

kernelTest('it has one without a name where the pod has none left, whatever is there instead', async (t) => {
  const pod = await host.start('mount -t tmpfs none /dev/pts && mkfifo /dev/pts/ptmx && echo ready; cat', {
    global: ['--insecure-options=seccomp'],
    pod: ['--allow-degraded=processes/closed'],
    app: ['--caps-retain=CAP_SYS_ADMIN,CAP_MKNOD'],
  });
  const terminal = open('enter', pod.uuid, '/bin/sh', '-c', 'test -t 0 && echo typed; tty; exit 4');
  await terminal.see(/typed\r\nnot a tty\r\n/);
  t.like(await terminal.ended, {status: 4, restored: true});
  await pod.end();
});

kernelTest(
  'streams that are no terminal stay what they are in enter, and a signal ends what was entered',
  async (t) => {
    const pod = await host.start('echo ready; cat');
    const piped = openTerminal([
      ...['/bin/sh', '-c', 'echo piped | "$@"', 'sh'],
      ...host.command('enter', pod.uuid, '/bin/sh', '-c', 'cat; test -t 0 || test ! -t 1 || echo mixed; exit 5'),
    ]);
    opened.push(piped);
    await piped.see(/^piped\r\nmixed\r\n$/);
    t.like(await piped.ended, {status: 5, restored: true});
    const fifo = path.join(host.directory, 'told');
    spawnSync('mkfifo', [fifo]);
    const script = 'trap "exit 6" TERM; echo there; while :; do sleep 0.1; done';
    const told = openTerminal([
      // In the foreground, as a job that its parent tells to end.
      ...['/bin/sh', '-c', 'parent=$$; { read -r line <"$0"; kill -TERM $parent; } & exec "$@"', fifo],
      ...host.command('enter', pod.uuid, '/bin/sh', '-c', script),
    ]);
    opened.push(told);
    await told.see(/there/);
    writeFileSync(fifo, 'now\n');
    t.like(await told.ended, {status: 6, restored: true});
    await pod.end();
  },
);

if (flavor === 'fly')
  kernelTest('S30 who has a terminal to give up and cannot reach it does not enter, and is told', async (t) => {
    const pod = await host.start('echo ready; cat');
    const bare =
      'mount -t tmpfs none /mnt && cp -a /dev/null /dev/urandom /mnt && mount --bind /mnt /dev && "$@" </dev/null 2>&1 | cat';
    const terminal = openTerminal([
      ...['/usr/bin/unshare', '--mount', '/bin/sh', '-c', bare, 'sh'],
      ...host.command('enter', pod.uuid, '/bin/echo', 'inside'),
    ]);
    opened.push(terminal);
    await terminal.see(/RKT_TERMINAL_UNREACHABLE/);
    t.notRegex((await terminal.ended).text, /inside/);
    await pod.end();
  });

kernelTest('who enters in the background has the keys when a shell says so', async (t) => {
  const pod = await host.start('echo ready; cat');
  const shell = openTerminal(['/bin/bash', '--norc', '-i']);
  opened.push(shell);
  await shell.see(PROMPT);
  const inside = 'echo be""hind; read -r word; echo "<$word>"; exit 8';
  shell.type(`${host.command('enter', pod.uuid, '/bin/sh', '-c', `'${inside}'`).join(' ')} &\n`);
  // Nobody has put that terminal into another mode yet.
  await shell.see(/behind\r+\n/);
  shell.type("echo my''own\n");
  await shell.see(/myown/);
  shell.type('fg\n');
  await shell.see(/enter [^\n]*\r\n/);
  shell.type('forward\n');
  await shell.see(/<forward>/);
  await shell.see(PROMPT);
  shell.type("echo en''ded=$?\n");
  t.is((await shell.see(/ended=(\d+)/))[1], '8');
  await pod.end();
});

kernelTest('S30 a pod that stops what was entered does not stop a job in the background of who enters', async (t) => {
  const pod = await host.start('echo ready; cat');
  const shell = openTerminal(['/bin/bash', '--norc', '-i']);
  opened.push(shell);
  await shell.see(PROMPT);
  const inside = 'trap "echo go""ing" CONT; kill -STOP $$; exit 8';
  shell.type(`${host.command('enter', pod.uuid, '/bin/sh', '-c', `'${inside}'`).join(' ')} & echo rkt''=$!,\n`);
  const rkt = Number((await shell.see(/rkt=(\d+),/))[1]);
  // What leads the session inside stops with what was entered, and is a child of rkt.
  await until(() => childrenOf(rkt).some((child) => stateOf(child) === 'T'));
  await until(() => /[ST]/.test(stateOf(rkt)));
  shell.type("jobs; echo list''ed\n");
  t.regex((await shell.see(/\[1\][^\n]*(Running|Stopped)[\s\S]*listed/))[0], /Running/);
  shell.type('fg\n');
  await shell.see(/going/);
  await shell.see(PROMPT);
  shell.type("echo en''ded=$?\n");
  t.is((await shell.see(/ended=(\d+)/))[1], '8');
  await pod.end();
});

kernelTest('Ctrl-C is for the app', async (t) => {
  const terminal = sh('trap "echo caught; exit 3" INT; echo there; while :; do sleep 0.1; done');
  await terminal.see(/there/);
  terminal.type('\x03');
  await terminal.see(/caught/);
  t.like(await terminal.ended, {status: 3, restored: true});
});

kernelTest('Ctrl-C is for the app and its children in a pod that is not interactive, too', async (t) => {
  // The child says it: until it is a program of its own it takes a signal as the shell does that it is a copy of.
  const script = 'trap "echo caught; exit 3" INT; sh -c "echo there; read -r line </tmp/nothing-comes"; echo past';
  const terminal = open(
    ...[
      '--insecure-options=image',
      'run',
      `--stage1=${flavor}`,
      buildImage({files: {'/tmp/nothing-comes': {fifo: true}}}),
    ],
    ...['--exec=/bin/sh', '--', '-c', script],
  );
  await terminal.see(/there/);
  terminal.type('\x03');
  await terminal.see(/caught/);
  t.like(await terminal.ended, {status: 3});
});

kernelTest('the terminal of who runs a pod stays theirs', async (t) => {
  const image = buildImage();
  const run = host.command(
    '--insecure-options=image',
    'run',
    `--stage1=${flavor}`,
    image,
    ...['--user=12', '--group=34'],
  );
  const owner = 'stat -Lc "%u:%g:%a" /dev/stdin';
  const script = `before=$(${owner}); "$@" --exec=/bin/true; [ "$before" = "$(${owner})" ] && echo same`;
  const terminal = openTerminal(['/bin/sh', '-c', script, 'sh', ...run]);
  opened.push(terminal);
  await t.notThrowsAsync(terminal.see(/same/));
});

kernelTest('Ctrl-D ends the input and not the pod', async (t) => {
  const terminal = sh('echo there; cat; echo past; exit 4');
  await terminal.see(/there/);
  terminal.type('typed\n\x04');
  await terminal.see(/typed\r\n[\s\S]*past/);
  t.like(await terminal.ended, {status: 4, restored: true});
});

kernelTest('input that is no terminal ends, and output to a terminal goes there', async (t) => {
  const run = host.command(
    ...['--insecure-options=image', 'run', `--stage1=${flavor}`, '--interactive', buildImage()],
    ...['--exec=/bin/sh', '--', '-c', 'cat; test -t 0 || test ! -t 1 || echo mixed; exit 5'],
  );
  const terminal = openTerminal(['/bin/sh', '-c', 'echo piped | "$@"', 'sh', ...run]);
  opened.push(terminal);
  await terminal.see(/piped\r\nmixed\r\n/);
  t.like(await terminal.ended, {status: 5});
});

kernelTest(
  'what rkt has to say of an interactive pod is said once, its image is read once, and what came out of a pipe is there',
  async (t) => {
    const flags = ['run', `--stage1=${flavor}`, '--interactive', '--inherit-env', '--volume=lonely,kind=empty'];
    const run = host.command('--insecure-options=image', ...flags).join(' ');
    // RKT_TERMINAL_OF is between rkt and rkt.
    const app = `${buildImage()} --exec=/bin/sh -- -c 'echo "piped=$PIPED,$RKT_TERMINAL_OF."'`;
    for (const [variables, seen] of [
      ['', /piped=,\./],
      ['--set-env-file=<(echo PIPED=yes)', /piped=yes,\./],
    ] as const) {
      const terminal = openTerminal(['/bin/bash', '-c', `DEBUG=rkt:image exec ${run} ${variables} ${app}`]);
      opened.push(terminal);
      await terminal.see(seen);
      const {text, status} = await terminal.ended;
      const told = [/no app mounts the volume "lonely"/g, /imported sha512-|sha512-\w+ is there already/g].map(
        (what) => text.match(what)?.length,
      );
      t.deepEqual([status, ...told], [0, 1, 1], text);
    }
  },
);

kernelTest('every stream is the terminal, unless it is told to go elsewhere', async (t) => {
  const all = sh(
    'for n in 0 1 2; do test -t $n && echo "$n is"; done; test -c /dev/tty && echo x >/dev/tty && echo own',
  );
  await all.see(/0 is\r\n1 is\r\n2 is\r\nx\r\nown/);
  t.like(await all.ended, {status: 0});
  const file = uuidFile();
  const some = start(['-c', 'for n in 0 1 2; do test -t $n || echo "$n is not"; done; echo logged >&2'], {
    app: ['--stdin=tty', '--stderr=log'],
    file,
  });
  await some.see(/2 is not/);
  const {text} = await some.ended;
  t.notRegex(text, /logged/);
  const uuid = readFileSync(file, 'utf8').trim();
  await until(async () => (await host.rkt(['logs', uuid])).stderr === 'logged\n');
});

for (const [how, written] of [
  ['>>', /^the first line\nfrom the app\r?\n$/],
  ['1<>', /^from the app\r?\ne?\n$/],
] as const) {
  kernelTest(`an output that is a file stays the caller's, position and all: ${how}`, async (t) => {
    const file = path.join(host.directory, `output-${how.length}`);
    writeFileSync(file, 'the first line\n');
    const run = host.command(
      ...['--insecure-options=image', 'run', `--stage1=${flavor}`, '--interactive', buildImage()],
      ...['--exec=/bin/echo', '--', 'from the app'],
    );
    const terminal = openTerminal(['/bin/sh', '-c', `exec ${how}"$0"; "$@"`, file, ...run]);
    opened.push(terminal);
    t.like(await terminal.ended, {status: 0});
    const content = () => readFileSync(file, 'utf8');
    // What carries it may be a moment behind. A terminal in between has its own ends of lines.
    await until(() => /from the app\r?\n/.test(content()));
    t.regex(content(), written);
  });
}

for (const pod of [[], ['--interactive']]) {
  kernelTest(`an app cannot have a terminal that the pod has not ${pod}`, async (t) => {
    const alone = openHost();
    t.teardown(() => alone.close());
    const {exitCode, error} = await alone.sh('true', {pod, app: ['--stdin=tty', '--stdout=tty']});
    t.deepEqual([exitCode, error?.code], [254, 'RKT_POD_TERMINAL_MISSING']);
    t.deepEqual(error?.fields, {app: 'test', streams: ['stdin', 'stdout']});
    t.deepEqual(alone.podDirectories(), {});
  });
}
