import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import {lacksPods} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {globalFlags} from '../../../src/cli/globals.ts';
import {makeContext} from '../../../src/cli/make-context.ts';
import {makeOutput} from '../../../src/cli/output.ts';
import {parse} from '../../../src/cli/parse.ts';
import {withKit} from '../../../src/cli/with-kit.ts';
import {makeStore, openStore} from '../../../src/image/store.ts';
import {lockDirectory} from '../../../src/linux/lock.ts';

testIf(lacksPods())('nobody who removes images waits until a flavor has been tested', async (t) => {
  const directory = mkdtempSync(path.join(tmpdir(), 'rkt-with-kit-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  const {flags} = parse({name: 'x'}, globalFlags, [`--dir=${directory}`]);
  const context = await makeContext(flags, 'text', makeOutput(), 'flavor test');
  const store = openStore(context.dataDir);
  makeStore(store);
  await withKit(context, 'fly', async () => {
    using lock = lockDirectory(store.lock, 'exclusive');
    t.truthy(lock);
  });
});
