import {execa} from 'execa';
import {lacks} from '../../../../test/helpers/lacks.ts';
import {testIf} from '../../../../test/helpers/skip.ts';
import {builtFixture} from '../executor/built-fixture.ts';

const rootTest = testIf(lacks('root'));
const FIXTURE = builtFixture(new URL('fixtures/few-descriptors.ts', import.meta.url));

/** Its outcomes with `least` to `most` descriptors left. */
const outcomes = async (before: readonly string[], base: number, least: number, most: number): Promise<string[]> => {
  const [program = '', ...args] = [...before, process.execPath, ...FIXTURE, String(base), String(least), String(most)];
  const {stdout} = await execa(program, args);
  return JSON.parse(stdout) as string[];
};

const FEW = ['/bin/sh', '-c', 'ulimit -n 128; exec "$@"', 'sh'];
const REFUSED = [
  ...['/usr/bin/unshare', '--user', '--map-root-user', '/bin/sh', '-c'],
  ...['ulimit -n 128; echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"', 'sh'],
];

rootTest(
  'who has no descriptor left for a user namespace is told so, whichever is the first that is missing',
  async (t) => {
    const found = await outcomes(FEW, 100_000, 0, 16);
    t.is(found.at(-1), 'made', found.join(' '));
    const missing = found.slice(0, found.indexOf('made'));
    t.true(missing.length > 3, found.join(' '));
    t.deepEqual([...new Set(missing)], ['EMFILE']);
  },
);

rootTest('a user namespace that the kernel refuses is an error that says so', async (t) => {
  t.deepEqual(await outcomes(REFUSED, 0, 20, 20), ['RKT_USER_NAMESPACE_REFUSED']);
});
