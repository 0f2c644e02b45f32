import {strict as assert} from 'node:assert';
import type {Case} from '../case.ts';
import {ends, expectEnd} from '../forms.ts';

/* Where the standard streams of apps go. */

const numbers = (count: number, prefix: string): string =>
  Array.from({length: count}, (_, index) => `${prefix}${index + 1}\n`).join('');
const BOTH = 'i=0; while [ $((i += 1)) -le 300 ]; do echo "out$i"; echo "err$i" >&2; done';

const whole = ([name, app]: readonly [string, readonly string[]]): Case => ({
  id: `EX-24/input-${name}`,
  title: `the input of rkt is that of the one app, to its end ${app.join(' ')}`.trim(),
  needs: ['stdio/stream'],
  attempt: async (world) => {
    const input = numbers(50_000, 'line ');
    const {status, stdout} = await world.run({script: 'cat; echo end; exit 5', app, input});
    assert.equal(status, 5);
    assert.ok(stdout === `${input}end\n`, `${stdout.length} bytes`);
  },
});

const logged = (own: 'stdout' | 'stderr', other: 'stdout' | 'stderr', where: 'log' | 'journal'): Case => ({
  id: `EX-24/${where}-${own}`,
  title: `${where} for ${own} alone: rkt logs has it, and the other one goes to rkt's caller`,
  needs: [`stdio/${where}`, 'logs'],
  attempt: async (world) => {
    const file = `${world.volume()}/uuid`;
    const ran = await world.run({
      // Not root, where that can be, and by path: what an app opens again is the log, too. The journal's socket cannot be opened.
      script: `echo stdout; echo stderr >&2${where === 'log' ? `; echo more >>/dev/${own}` : ''}`,
      pod: [`--uuid-file-save=${file}`],
      app: [`--${own}=${where}`, ...(world.has('user') ? ['--user=12', '--group=34'] : [])],
    });
    expectEnd(ran, {[own]: '', [other]: `${other}\n`});
    const status = await world.rkt(['--format=json', 'status', `--uuid-file=${file}`]);
    const {name} = JSON.parse(status.stdout) as {readonly name: string};
    const kept = where === 'log' ? `${own}\nmore\n` : `${own}\n`;
    expectEnd(await world.rkt(['logs', name]), {[own]: kept, [other]: ''});
  },
});

export const streamCases: readonly Case[] = [
  ends(
    'EX-24/apart',
    'standard output and standard error come apart, each in order and whole',
    ['stdio/stream'],
    {script: BOTH},
    {stdout: numbers(300, 'out'), stderr: numbers(300, 'err')},
  ),
  ends(
    'EX-24/one-pipe',
    'on one pipe they come in the order in which they were written',
    ['stdio/stream'],
    {script: BOTH, through: ['/bin/sh', '-c', 'exec "$@" 2>&1', 'sh']},
    {stdout: Array.from({length: 300}, (_, index) => `out${index + 1}\nerr${index + 1}\n`).join(''), stderr: ''},
  ),
  ends(
    'EX-24/blocking',
    'an app waits until what it writes has been read: its streams are in the mode in which rkt was given them',
    ['stdio/stream'],
    {
      script:
        'for fd in 0 1 2; do while read -r name flags; do case $name$flags in flags:*4???) echo "$fd does not block";; esac; done </proc/$$/fdinfo/$fd; done',
    },
    {stdout: ''},
  ),
  ...(
    [
      ['by-default', []],
      ['as-asked', ['--stdin=stream']],
    ] as const
  ).map(whole),
  ends(
    'EX-24/null',
    'null: no input, and no output anywhere',
    ['run'],
    {
      script: 'read -r line && exit 1; echo lost; echo lost >&2; exec 3<&0; test -c /proc/self/fd/1 || exit 2; exit 9',
      app: ['--stdin=null', '--stdout=null', '--stderr=null'],
      input: 'typed\n',
    },
    {status: 9, stdout: '', stderr: ''},
  ),
  ...(
    [
      ['stderr', ['--stdout=null', '--stderr=stream'], {stdout: '', stderr: 'err\n'}],
      ['stdout', ['--stdout=stream', '--stderr=null'], {stdout: 'out\n', stderr: ''}],
    ] as const
  ).map(([name, app, expected]) =>
    ends(
      `EX-24/only-${name}`,
      `each stream goes its own way: ${app.join(' ')}`,
      ['stdio/stream'],
      {script: 'echo out; echo err >&2', app},
      expected,
    ),
  ),
  ...(['log', 'journal'] as const).flatMap((where) => [
    logged('stdout', 'stderr', where),
    logged('stderr', 'stdout', where),
  ]),
  {
    id: 'EX-24/no-program',
    title: 'a program that is not there is told to the caller, not to the log',
    needs: ['stdio/log'],
    attempt: async (world) => {
      const {status, code} = await world.run({image: {}, app: ['--stdout=log', '--stderr=log', '--exec=/nowhere']});
      assert.equal(status, 127);
      assert.ok(code !== undefined, 'no error of rkt');
    },
  },
  {
    id: 'EX-24/asks',
    title: 'input is for the app that asks for it, and for no other',
    needs: ['apps/many', 'stdio/stream'],
    attempt: async (world) => {
      const script = 'cat; echo end';
      const pod = {script, app: ['--name=first'], input: 'typed\n'};
      expectEnd(await world.run({...pod, more: [{name: 'second', script}]}), {stdout: 'end\nend\n'});
      const asking = ['--stdin=stream', '--stdout=stream'];
      const {stdout, status} = await world.run({...pod, more: [{name: 'second', script, app: asking}]});
      assert.equal(status, 0);
      assert.deepEqual(stdout.split('\n').sort(), ['', 'end', 'end', 'typed']);
      const both = await world.run({
        ...pod,
        app: ['--name=first', '--stdin=stream'],
        more: [{name: 'second', script, app: asking}],
      });
      assert.equal(both.status, 254);
      assert.deepEqual(both.fields.apps, ['first', 'second']);
    },
  },
];
