import {readFileSync} from 'node:fs';
import path from 'node:path';
import {execPath} from 'node:process';
import test from 'ava';
import {execa} from 'execa';
import {rktEnvironment, root} from '../helpers/command.ts';
import {openHost} from '../helpers/host.ts';
import {lacksPods} from '../helpers/lacks.ts';
import {serialTestIf} from '../helpers/skip.ts';

/* The modules of Node.js that cost the start of a pod most: node:crypto alone takes a tenth of it. */

const host = openHost();
test.after.always(() => host.close());

serialTestIf(lacksPods())('a pod of a stored image starts without the modules that take long to load', async (t) => {
  await host.fetch();
  const [, ...rest] = host.command('run', '--stage1=fly', 'example.com/test');
  const hook = path.join(import.meta.dirname, 'fixtures/tell-modules.cjs');
  const run = () =>
    execa(
      execPath,
      ['--disable-warning=ExperimentalWarning', '--require', hook, path.join(root, 'core/bin/start.cjs'), ...rest],
      {env: rktEnvironment, extendEnv: false, reject: false, stdin: 'ignore'},
    );
  // The first one remembers what it has found out of the flavor.
  t.is((await run()).exitCode, 0);
  const {exitCode, stderr} = await run();
  t.is(exitCode, 0, stderr);
  const loaded = [...stderr.matchAll(/^loads (.+)$/gm)].map(([, name = '']) => name);
  t.true(loaded.includes('node:ffi'), stderr);
  const slow = ['node:crypto', 'node:child_process', 'node:stream', 'node:worker_threads', 'node:net', 'node:tty'];
  t.deepEqual(
    loaded.filter((name) => slow.includes(name)),
    [],
  );
});

test('--debug tells where in its sources rkt found something wrong, whatever it is shipped as', async (t) => {
  const {stderr} = await host.rkt(['--debug', 'cat-manifest', 'nothing']);
  const [, file = '', line] = /^ +at .*?(src\/pod\/[^:]+):(\d+):\d+\)?$/m.exec(stderr) ?? [];
  const code = readFileSync(path.join(root, 'core', file), 'utf8').split('\n')[Number(line) - 1];
  t.true(code?.includes("new RktError('RKT_POD_UNKNOWN'"), stderr);
});
