import test from 'ava';
import {openHost} from '../helpers/host.ts';

/*
 * S32, archives of checkpoints that are trusted: there is no such thing here, since nothing goes on from memory or processes that were saved. An exported pod is an
 * image, and checked as one when it is fetched. Whoever adds a command that restores finds this, and owes the tests of the class.
 */

const host = openHost();
test.after.always(() => host.close());

test('S32 no command restores a pod from a state that was saved', async (t) => {
  const {stdout, exitCode} = await host.rkt(['--help']);
  t.is(exitCode, 0);
  t.regex(stdout, /^\s*run\b/m);
  t.notRegex(stdout, /checkpoint|restore|snapshot|template/i);
});
