import {type ChildProcess, spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import type {ExecutionContext} from 'ava';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {until} from '../../../../test/helpers/until.ts';
import {collectTemplates} from '../../../src/artifact/collect-templates.ts';
import {stageHostFiles} from '../../../src/image/build/stage-host-files.ts';
import {openStore} from '../../../src/image/store.ts';
import {scratch} from '../../pod/helpers.ts';

/* What machines go on from, made by a program that is a shell instead. */

const rootTest = testIf(lacks('root'));

interface Told {
  readonly content?: string;
  readonly notes: readonly string[];
}

/** A tree with a shell, and what takes a template that a script of it makes. */
const world = (t: ExecutionContext) => {
  const dataDir = scratch(t);
  const tree = path.join(dataDir, 'tree');
  mkdirSync(path.join(tree, 'out'), {recursive: true});
  const programs = ['id', 'ln', 'ls', 'mktemp', 'setpriv', 'sleep', 'touch'].map((name) => `/usr/bin/${name}`);
  stageHostFiles(['/bin/sh', ...programs], tree);
  const command = (script: string, more: object = {}, options: object = {}): string[] => [
    ...['--conditions=source', '--disable-warning=ExperimentalWarning'],
    path.join(import.meta.dirname, 'fixtures/take-template.ts'),
    dataDir,
    JSON.stringify({
      id: 'template',
      do: 'template',
      tree,
      // Without it a shell becomes who it was before.
      command: ['/bin/sh', '-p', '-c', script],
      files: ['made'],
      writes: '/out',
      target: 'template',
      ...more,
    }),
    JSON.stringify(options),
  ];
  const start = (...args: Parameters<typeof command>): ChildProcess =>
    spawn(process.execPath, command(...args), {stdio: ['ignore', 'pipe', 'inherit']});
  const take = async (...args: Parameters<typeof command>): Promise<Told> => {
    const child = start(...args);
    let said = '';
    child.stdout?.on('data', (bytes: Buffer) => {
      said += bytes.toString();
    });
    await once(child, 'close');
    return JSON.parse(said) as Told;
  };
  const [templates, spool] = ['templates', 'tmp'].map((name) => path.join(dataDir, 'cas', name)) as [string, string];
  return {dataDir, tree, start, take, templates, spool};
};

const MAKES = '/usr/bin/mktemp -u >/out/made';

rootTest('S32 a template is made once by nobody, in its tree, and is root’s to change', async (t) => {
  const {take, templates, tree} = world(t);
  const seen = `/usr/bin/id -u; /usr/bin/ls /root /proc; /usr/bin/touch /x /bin/x; cd /out; echo *`;
  const {content, notes} = await take(`{ ${seen}; } >/out/made 2>/out/errors`);
  t.deepEqual([content, notes], ['65534\nerrors made\n', []]);
  const [name = ''] = readdirSync(templates);
  const files = path.join(templates, name, 'files');
  t.deepEqual(readdirSync(files), ['made']);
  const {uid, gid, mode} = statSync(path.join(files, 'made'));
  t.deepEqual([uid, gid, mode & 0o777], [0, 0, 0o444]);
  t.is(statSync(templates).mode & 0o777, 0o700);
  t.deepEqual(existsSync(path.join(tree, 'x')), false);

  const [first, second, other] = [await take(MAKES), await take(MAKES), await take(`${MAKES}; :`)];
  t.truthy(first.content);
  t.is(first.content, second.content);
  t.not(first.content, other.content);
});

rootTest('several that want one at once wait for the one that makes it', async (t) => {
  const {take, spool} = world(t);
  const all = await Promise.all(Array.from({length: 4}, () => take(MAKES)));
  t.is(new Set(all.map(({content}) => content)).size, 1);
  t.truthy(all[0]?.content);
  t.deepEqual(readdirSync(spool), []);
});

rootTest('S32 a damaged one is removed and made anew; one that was touched alone is not', async (t) => {
  const {take, templates} = world(t);
  const {content} = await take(MAKES);
  const [file = ''] = globSync(`${templates}/*/files/made`);
  chmodSync(file, 0o444);
  t.deepEqual(await take(MAKES), {content, notes: []});
  const damage = {
    'other bytes': () => writeFileSync(file, 'x'.repeat(content?.length ?? 0)),
    'fewer bytes': () => writeFileSync(file, ''),
    'no record': () => writeFileSync(path.join(file, '../../record.json'), '{'),
  };
  for (const [what, harm] of Object.entries(damage)) {
    const before = readFileSync(file, 'utf8');
    harm();
    const {content: after, notes} = await take(MAKES);
    t.truthy(after, what);
    t.not(after, before, what);
    t.is(notes.length, 1, what);
    t.regex(notes[0] ?? '', /damaged/);
  }
});

const sleeps = (marker: string): boolean =>
  globSync('/proc/[0-9]*/cmdline').some((file) => {
    try {
      return readFileSync(file, 'latin1') === `/usr/bin/sleep\0${marker}\0`;
    } catch {
      return false;
    }
  });

rootTest(
  'one that machines did not go on from is made again, once; then none is, until gc, and that is told once',
  async (t) => {
    const {take, dataDir, templates} = world(t);
    const refuted: string[] = [];
    const without = async () => take(MAKES, {}, {refuted});
    const refute = () => {
      const [file = ''] = globSync(`${templates}/*/files/made`);
      const {ino, mtimeNs} = statSync(file, {bigint: true});
      refuted.push(`${ino}:${mtimeNs}`);
    };
    const first = await without();
    refuted.push('1:2', 'nonsense');
    t.deepEqual(await without(), first);
    refute();
    const second = await without();
    t.truthy(second.content);
    t.not(second.content, first.content);
    t.is(second.notes.length, 1);
    t.regex(second.notes[0] ?? '', /machines do not go on from .*: it is made again$/);
    t.deepEqual(await without(), {content: second.content, notes: []});
    refute();
    const told = await without();
    t.is(told.content, undefined);
    t.regex(told.notes.join('\n'), /none can be saved for others: none has gone on from two of them$/);
    t.deepEqual(readdirSync(templates), []);
    const [failure = ''] = globSync(`${dataDir}/cas/template-failures/*`);
    utimesSync(failure, 0, 0);
    t.deepEqual(await without(), {notes: []});
    collectTemplates(openStore(dataDir), 3_600_000);
    t.truthy((await without()).content);
  },
);

rootTest('one that does not end is ended, with all that it has started, and no pod tries it again', async (t) => {
  const {take, spool} = world(t);
  const marker = `4${process.pid}22`;
  const script = `/usr/bin/sleep ${marker} | /usr/bin/sleep ${marker}`;
  const {content, notes} = await take(script, {}, {timeout: 300});
  t.is(content, undefined);
  t.regex(notes.join('\n'), /none can be saved for others: it has not ended within 0\.3 s$/);
  await until(() => !sleeps(marker));
  t.deepEqual(readdirSync(spool), []);
  t.deepEqual((await take(script)).notes, notes);
});

rootTest('a maker that is killed leaves nothing that the next does not remove, and no process', async (t) => {
  const {start, take, tree, spool} = world(t);
  const marker = `4${process.pid}21`;
  const script = `[ -e /usr/go-on ] || { /usr/bin/touch /out/begun; /usr/bin/sleep ${marker}; }; ${MAKES}`;
  const child = start(script);
  await until(() => globSync(`${spool}/*/template/files/begun`).length > 0);
  child.kill('SIGKILL');
  await once(child, 'close');
  await until(() => !sleeps(marker));
  writeFileSync(path.join(tree, 'usr/go-on'), '');
  const {content, notes} = await take(script);
  t.truthy(content);
  t.deepEqual(notes, []);
  t.deepEqual(readdirSync(spool), []);
});

rootTest('where none can be made the operator is told why, and nothing is left', async (t) => {
  const {take, templates, spool} = world(t);
  for (const [script, why] of [
    ['echo "no such machine" >&2; exit 3', /exit status 3: no such machine$/],
    ['exit 0', /it has left no file made$/],
    ['/usr/bin/ln -s /usr/bin/id /out/made', /it has left no file made$/],
  ] as const) {
    const {content, notes} = await take(script);
    t.is(content, undefined);
    t.regex(notes.join('\n'), why);
  }
  t.deepEqual([readdirSync(templates), readdirSync(spool)], [[], []]);
});

rootTest('what could not be made is not tried again by every pod, but after gc', async (t) => {
  const {take, dataDir, tree} = world(t);
  const script = `[ -e /usr/go-on ] || { echo "no such machine" >&2; exit 3; }; ${MAKES}`;
  await take(script);
  writeFileSync(path.join(tree, 'usr/go-on'), '');
  const {content, notes} = await take(script);
  t.is(content, undefined);
  t.regex(notes.join('\n'), /exit status 3: no such machine$/);
  collectTemplates(openStore(dataDir), 3_600_000);
  t.deepEqual((await take(script)).notes, []);
});

rootTest('one of an earlier start of the host goes when another is made', async (t) => {
  const {take, templates} = world(t);
  await take(MAKES);
  const [name = ''] = readdirSync(templates);
  const record = path.join(templates, name, 'record.json');
  const known = JSON.parse(readFileSync(record, 'utf8')) as object;
  writeFileSync(record, JSON.stringify({...known, boot: 'earlier'}));
  t.truthy((await take(`${MAKES}; :`)).content);
  const left = readdirSync(templates);
  t.is(left.length, 1);
  t.not(left[0], name);
});

rootTest('on a full disk there is none, and the operator is told', async (t) => {
  const {take, dataDir, templates, spool} = world(t);
  const full = path.join(dataDir, 'cas');
  mkdirSync(full, {recursive: true});
  t.is(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', full]).status, 0);
  t.teardown(() => spawnSync('umount', [full]));
  // All that there is, so that what tells of it has no place.
  const {content, notes} = await take('while echo more; do :; done >/out/made 2>/out/errors; exit 0');
  t.is(content, undefined);
  t.regex(notes.join('\n'), /none can be saved for others: .*ENOSPC/);
  t.deepEqual([readdirSync(templates), readdirSync(spool)], [[], []]);
});

rootTest('a maker that fails because the disk is full is tried again by the next pod', async (t) => {
  const {take, dataDir, tree} = world(t);
  const full = path.join(dataDir, 'cas');
  mkdirSync(full, {recursive: true});
  t.is(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=700', 'tmpfs', full]).status, 0);
  t.teardown(() => spawnSync('umount', [full]));
  const fills = 'while echo more; do :; done >/out/made 2>/out/errors; exit 3';
  const script = `[ -e /usr/go-on ] || { ${fills}; }; ${MAKES}`;
  const {content, notes} = await take(script);
  t.is(content, undefined);
  t.regex(notes.join('\n'), /none can be saved for others: no space left$/);
  writeFileSync(path.join(tree, 'usr/go-on'), '');
  t.deepEqual((await take(script)).notes, []);
});

rootTest('gc removes one that was not used for a while, and one whose image has gone', async (t) => {
  const {take, dataDir, tree, templates} = world(t);
  await take(MAKES);
  const [name = ''] = readdirSync(templates);
  const store = openStore(dataDir);
  t.deepEqual(collectTemplates(store, 3_600_000), []);
  const record = path.join(templates, name, 'record.json');
  const known = JSON.parse(readFileSync(record, 'utf8')) as object;
  writeFileSync(record, JSON.stringify({...known, tree: `${tree}-gone`}));
  t.deepEqual(collectTemplates(store, 3_600_000), [name]);
  t.false(existsSync(path.join(templates, name)));
  await take(MAKES);
  t.deepEqual(collectTemplates(store, 0), [name]);
  t.deepEqual(readdirSync(templates), []);
});
