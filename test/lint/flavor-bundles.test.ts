import path from 'node:path';
import test from 'ava';
import {build} from 'esbuild';
import {flavorNames, root} from './sources.ts';

/* Every start of a pod loads its flavor: schemas, which take longer to load than all the rest of it, are for those who check, not for flavors. */

for (const name of flavorNames) {
  test(`${name} is loaded without schemas`, async (t) => {
    const {metafile} = await build({
      entryPoints: [path.join(root, 'flavors', name, 'src/index.ts')],
      bundle: true,
      platform: 'node',
      format: 'cjs',
      conditions: ['source'],
      metafile: true,
      write: false,
      logLevel: 'silent',
    });
    const [bundle] = Object.values(metafile.outputs);
    const taken = Object.entries(bundle?.inputs ?? {}).filter(([, {bytesInOutput}]) => bytesInOutput > 0);
    t.true(taken.length > 0);
    t.deepEqual(
      taken.map(([file]) => file).filter((file) => file.includes('node_modules/')),
      [],
    );
  });
}
