import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {gzipSync} from 'node:zlib';
import {idOf, specImage} from '../../core/test/kernel/image/support/spec.ts';
import {rktCommand, rktEnvironment} from '../helpers/command.ts';
import {lacks} from '../helpers/lacks.ts';
import {errorOf} from '../helpers/result.ts';
import {testIf} from '../helpers/skip.ts';
import {until} from '../helpers/until.ts';

const needs = lacks('root', 'program/bsdtar', 'built');

interface Called {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of standard output. */
  readonly json: () => unknown;
}

const withRkt = async (work: (rkt: (...args: string[]) => Called, base: string) => Promise<void>): Promise<void> => {
  const base = mkdtempSync(path.join(tmpdir(), 'rkt-test-commands-'));
  const [program, ...first] = rktCommand;
  const own = [`--dir=${base}/data`, `--system-config=${base}/none`, `--local-config=${base}/none`];
  const rkt = (...args: string[]): Called => {
    const {status, stdout, stderr} = spawnSync(program, [...first, ...own, ...args], {
      env: rktEnvironment,
      cwd: base,
      encoding: 'utf8',
    });
    return {code: status, stdout, stderr, json: () => JSON.parse(stdout)};
  };
  try {
    await work(rkt, base);
  } finally {
    rmSync(base, {recursive: true, force: true});
  }
};

const web = specImage('example.com/web', {f: 'f'}, {labels: [{name: 'version', value: '1.0'}]});
const id = idOf(web);

testIf(needs)('an image goes in, is looked at, and goes out again', (t) =>
  withRkt(async (rkt, base) => {
    writeFileSync(path.join(base, 'web.aci'), gzipSync(web));
    const unsigned = rkt('--format=json', 'fetch', 'web.aci');
    t.is(unsigned.code, 254);
    t.is(errorOf(unsigned.stderr)?.code, 'RKT_IMAGE_UNSIGNED');
    t.regex(errorOf(unsigned.stderr)?.hint ?? '', /--insecure-options=image/);

    t.is(rkt('--insecure-options=image', 'fetch', 'web.aci').stdout, `${id.slice(0, 19)}\n`);
    t.is(rkt('fetch', '--full', 'example.com/web:1.0').stdout, `${id}\n`);
    t.deepEqual(rkt('image', 'fetch', id.slice(0, 12), '--format=json').json(), [{id}]);

    const [listed, ...others] = rkt('image', 'list', '--format=json').json() as Record<string, unknown>[];
    t.is(others.length, 0);
    t.deepEqual(Object.keys(listed ?? {}), ['id', 'name', 'import_time', 'last_used_time', 'size']);
    t.is(listed?.name, 'example.com/web:1.0');
    t.is(listed?.size, web.length);
    t.regex(rkt('image', 'list').stdout, /^ID\t+NAME\t+SIZE\t+IMPORT TIME\t+LAST USED\nsha512-[0-9a-f]{12}\t/);
    t.is(
      rkt('image', 'list', '--fields=name,size', '--full', '--no-legend').stdout.replace(/\t+/, ' '),
      `example.com/web:1.0 ${web.length}\n`,
    );

    t.is((rkt('image', 'cat-manifest', 'example.com/web').json() as {name: string}).name, 'example.com/web');
    t.is(rkt('image', 'verify', id).stdout, `${id} is what it was\n`);
    t.is(rkt('image', 'export', id, 'out.aci').code, 0);
    t.deepEqual(readFileSync(path.join(base, 'out.aci')), web);
    t.is(rkt('image', 'extract', id, 'extracted').code, 0);
    t.is(statSync(path.join(base, 'extracted')).mode & 0o7777, 0o700, 'S11');
    t.deepEqual(readdirSync(path.join(base, 'extracted')).sort(), ['manifest', 'rootfs']);
    t.is(rkt('image', 'render', '--rootfs-only', id, 'rendered').code, 0);
    t.is(readFileSync(path.join(base, 'rendered/f'), 'utf8'), 'f');
    const again = rkt('--format=json', 'image', 'extract', id, 'extracted');
    t.is(errorOf(again.stderr)?.code, 'RKT_IMAGE_OUTPUT_EXISTS');

    t.is(rkt('image', 'rm', id.slice(0, 20)).code, 0);
    t.deepEqual(rkt('image', 'list', '--format=json').json(), []);
  }),
);

testIf(needs)('damage makes verification fail, with a code, and other images are still checked', (t) =>
  withRkt(async (rkt, base) => {
    const other = specImage('example.com/db', {});
    writeFileSync(path.join(base, 'web.aci'), web);
    writeFileSync(path.join(base, 'db.aci'), other);
    t.is(rkt('--insecure-options=image', 'fetch', 'web.aci', 'db.aci').code, 0);
    writeFileSync(path.join(base, 'data/cas/images', id, 'rootfs/f'), 'F');
    const verified = rkt('--format=json', 'image', 'verify');
    t.is(verified.code, 254);
    t.is(errorOf(verified.stderr)?.code, 'RKT_IMAGE_DAMAGED');
    t.deepEqual(verified.json(), [{id: idOf(other), verified: true}]);
  }),
);

testIf(needs)('what is damaged and has its bytes is repaired; what has not is refused until it is fetched again', (t) =>
  withRkt(async (rkt, base) => {
    writeFileSync(path.join(base, 'web.aci'), web);
    const fetch = () => rkt('--insecure-options=image', 'fetch', 'web.aci');
    t.is(fetch().code, 0);
    const file = path.join(base, 'data/cas/images', id, 'rootfs/f');
    chmodSync(file, 0o4755);
    t.regex(rkt('image', 'verify', id).stdout, new RegExp(`^${id} has been repaired: .*rootfs/f.*\n$`));
    t.is(statSync(file).mode & 0o7777, 0o644);
    t.is(rkt('image', 'verify', id).stdout, `${id} is what it was\n`);
    rmSync(file);
    t.is(rkt('image', 'verify', id).code, 254);
    const rendered = rkt('--format=json', 'image', 'render', id, 'rendered');
    t.is(errorOf(rendered.stderr)?.code, 'RKT_IMAGE_DAMAGED');
    t.is(fetch().code, 0);
    t.is(readFileSync(file, 'utf8'), 'f');
    t.is(rkt('image', 'verify', id).stdout, `${id} is what it was\n`);
    t.is(rkt('image', 'render', id, 'rendered').code, 0);
  }),
);

testIf(needs)('a damaged index names the command that repairs it', (t) =>
  withRkt(async (rkt, base) => {
    writeFileSync(path.join(base, 'web.aci'), web);
    rkt('--insecure-options=image', 'fetch', 'web.aci');
    writeFileSync(path.join(base, 'data/cas/index.db'), 'x'.repeat(10_000));
    const listed = rkt('--format=json', 'image', 'list');
    t.is(errorOf(listed.stderr)?.code, 'RKT_IMAGE_INDEX_DAMAGED');
    t.regex(errorOf(listed.stderr)?.hint ?? '', /rkt image verify --rebuild/);
    t.is(rkt('image', 'cat-manifest', id).code, 0, 'a full ID needs no index');
    t.deepEqual(rkt('--format=json', 'image', 'verify', '--rebuild').json(), {images: 1});
    t.is(rkt('image', 'list', '--no-legend', '--fields=name').stdout, 'example.com/web:1.0\n');
  }),
);

testIf(needs)('image build takes a directory, programs of the host, and manifests in YAML', (t) =>
  withRkt(async (rkt, base) => {
    mkdirSync(path.join(base, 'root'));
    writeFileSync(path.join(base, 'root/f'), 'f');
    writeFileSync(path.join(base, 'web.yaml'), 'acKind: ImageManifest\nacVersion: 0.8.11\nname: example.com/yaml\n');
    const built = rkt('image', 'build', 'root', '--manifest=web.yaml', '-o', 'y.aci', '--format=json').json();
    t.deepEqual(built, {id: idOf(readFileSync(path.join(base, 'y.aci'))), file: path.join(base, 'y.aci')});
    const host = rkt(
      'image',
      'build',
      '--from-host',
      'sh',
      '--name=example.com/sh',
      '--exec=/bin/sh',
      '--label=version=2',
      '-o',
      'sh.aci',
      '--compression=zstd',
    );
    t.is(host.code, 0, host.stderr);
    const shell = host.stdout.trim();
    t.is(rkt('--insecure-options=image', 'fetch', '--full', 'sh.aci').stdout.trim(), shell);
    const {app, labels} = rkt('image', 'cat-manifest', 'example.com/sh:2').json() as {
      app: {exec: string[]};
      labels: unknown[];
    };
    t.deepEqual(app.exec, ['/bin/sh']);
    t.is(labels.length, 3);
    const refused = (...args: string[]) => errorOf(rkt('--format=json', 'image', 'build', ...args).stderr)?.code;
    t.is(refused('root', '--name=x', '--manifest=web.yaml', '-o', 'z.aci'), 'RKT_FLAG_CONFLICT');
    t.is(refused('root', '--name=Bad', '-o', 'z.aci'), 'RKT_IMAGE_MANIFEST_INVALID');
    t.is(refused('root', '--name=x', '-o', 'y.aci'), 'RKT_IMAGE_OUTPUT_EXISTS');
    t.is(refused('root', '--add=f:/f', '--name=x', '-o', 'z.aci'), 'RKT_FLAG_CONFLICT');
    t.is(refused('--from-host', 'sh', '--add=root', '--name=x', '-o', 'z.aci'), 'RKT_FLAG_VALUE_INVALID');
    t.is(refused('--from-host', 'sh', '--add=none:/x', '--name=x', '-o', 'z.aci'), 'RKT_IMAGE_BUILD_INVALID');
    const added = rkt(
      'image',
      'build',
      '--from-host',
      'sh',
      '--add=root:/srv',
      '--name=example.com/added',
      '-o',
      'a.aci',
    );
    t.is(added.code, 0, added.stderr);
    rkt('--insecure-options=image', 'fetch', 'a.aci');
    t.is(rkt('image', 'extract', '--rootfs-only', 'example.com/added', 'out').code, 0);
    t.is(readFileSync(path.join(base, 'out/srv/f'), 'utf8'), 'f');
    t.is(refused('--from-host', 'no-such-program', '--name=x', '-o', 'z.aci'), 'RKT_IMAGE_PROGRAM_NOT_FOUND');
  }),
);

testIf(needs)('S26 control characters of an image do not reach the terminal, and JSON keeps them', (t) =>
  withRkt(async (rkt, base) => {
    const value = '\u001b[31mred\u202e';
    const evil = specImage('example.com/evil', {}, {labels: [{name: 'version', value}]});
    writeFileSync(path.join(base, 'evil.aci'), evil);
    rkt('--insecure-options=image', 'fetch', 'evil.aci');
    const {stdout} = rkt('image', 'list');
    t.regex(stdout, /example.com\/evil:/);
    t.false(stdout.includes('\u001b') || stdout.includes('\u202e'));
    const [listed] = rkt('image', 'list', '--format=json').json() as {name: string}[];
    t.is(listed?.name, `example.com/evil:${value}`);
  }),
);

testIf(needs)('arguments that lack, are too many, or mean nothing', (t) =>
  withRkt(async (rkt) => {
    const code = (...args: string[]) => errorOf(rkt('--format=json', ...args).stderr)?.code;
    t.is(code('fetch'), 'RKT_ARGUMENT_MISSING');
    t.is(code('image', 'rm'), 'RKT_ARGUMENT_MISSING');
    t.is(code('image', 'export', 'x'), 'RKT_ARGUMENT_MISSING');
    t.is(code('image', 'export', 'x', 'y', 'z'), 'RKT_ARGUMENT_UNEXPECTED');
    t.is(code('image', 'cat-manifest', './file.aci'), 'RKT_IMAGE_REFERENCE_INVALID');
    t.is(code('fetch', 'https://example.com/x.aci'), 'RKT_IMAGE_SOURCE_UNSUPPORTED');
    t.is(code('fetch', 'docker://busybox'), 'RKT_IMAGE_SOURCE_UNSUPPORTED');
    t.is(code('fetch', 'example.com/none'), 'RKT_IMAGE_NOT_FOUND');
    t.is(code('fetch', './none.aci'), 'RKT_IMAGE_FILE_UNUSABLE');
    t.is(code('fetch', '/tmp'), 'RKT_IMAGE_REFERENCE_INVALID');
    t.is(code('image', 'list', '--sort=id'), 'RKT_FLAG_CHOICE_INVALID');
    t.is(code('image', 'gc', '--grace-period=soon'), 'RKT_FLAG_VALUE_INVALID');
  }),
);

testIf(needs)('a build that is killed leaves nothing beside its result, and the next removes what it needed', (t) =>
  withRkt(async (rkt, base) => {
    const [output, scratch, tree] = ['output', 'scratch', 'tree'].map((name) => path.join(base, name)) as [
      string,
      string,
      string,
    ];
    for (const directory of [output, scratch, tree]) mkdirSync(directory);
    const [program, ...first] = rktCommand;
    const env = {...rktEnvironment, TMPDIR: scratch};
    const build = (directory: string) => [
      ...[...first, 'image', 'build', directory, '--name=example.com/x', '-o', path.join(output, 'x.aci')],
    ];
    // Enough to be killed in the middle of.
    const child = spawn(program, build('/usr'), {env, stdio: 'ignore'});
    const left = () => readdirSync(scratch).filter((name) => name.startsWith('rkt-build-'));
    await until(() => left().some((name) => readdirSync(path.join(scratch, name)).includes('list')));
    child.kill('SIGKILL');
    t.is((await once(child, 'exit'))[1], 'SIGKILL');
    t.deepEqual([left().length, readdirSync(output)], [1, []]);
    t.is(spawnSync(program, build(tree), {env, stdio: 'ignore'}).status, 0);
    t.deepEqual([readdirSync(scratch), readdirSync(output)], [[], ['x.aci']]);
    t.is(rkt('--insecure-options=image', 'fetch', path.join(output, 'x.aci')).code, 0);
  }),
);
