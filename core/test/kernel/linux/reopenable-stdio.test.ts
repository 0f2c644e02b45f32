import {spawnSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {builtFixture} from '../executor/built-fixture.ts';

const FIXTURE = new URL('fixtures/no-process-left.ts', import.meta.url);

testIf(lacks('root'))('S10 streams that nobody can carry are an error, and nothing that an app writes is lost', (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-test-relays-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const file = path.join(directory, 'outcome');
  // Both outputs are sockets, which are relayed.
  spawnSync(process.execPath, [...builtFixture(FIXTURE), file], {stdio: 'pipe'});
  t.is(readFileSync(file, 'utf8'), 'RKT_HELPER_NOT_STARTED');
});
