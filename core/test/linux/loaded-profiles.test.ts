import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import path from 'node:path';
import test from 'ava';
import {requireLoadedProfile} from '../../src/linux/loaded-profiles.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'rkt-profiles-'));
test.after.always(() => rmSync(directory, {recursive: true}));
const file = path.join(directory, 'profiles');
writeFileSync(file, 'web (enforce)\nweb server (complain)\nweb//child (enforce)\n/usr/bin/man (enforce)\n');

test('EX-47 a profile that is not loaded is an error before anything starts', (t) => {
  for (const profile of [
    'web',
    'web server',
    'web//child',
    '/usr/bin/man',
    'unconfined',
    'web//&/usr/bin/man',
    ':ns:web',
  ])
    t.notThrows(() => requireLoadedProfile({apparmorProfile: profile}, file), profile);
  t.notThrows(() => requireLoadedProfile({}, file));
  for (const profile of ['we', 'web (enforce)', 'web//other', 'web//&none', 'server'])
    t.throws(
      () => requireLoadedProfile({apparmorProfile: profile}, file),
      {code: 'RKT_LABEL_REFUSED'} as never,
      profile,
    );
});

test('EX-47 where nobody shows which are loaded, AppArmor itself refuses', (t) => {
  t.notThrows(() => requireLoadedProfile({apparmorProfile: 'web'}, path.join(directory, 'none')));
});
