import test from 'ava';
import type {HostPath} from '../../src/contract/names.ts';
import {ownDataDirectory, variableFor} from '../../src/image/own-data-directory.ts';

test('the data directory of an ordinary user, and the variable that says so', (t) => {
  const xdg = {path: '/data/rkt' as HostPath, from: 'XDG_DATA_HOME'} as const;
  const home = {path: '/home/ada/.local/share/rkt' as HostPath, from: 'HOME'} as const;
  t.deepEqual(ownDataDirectory({XDG_DATA_HOME: '/data', HOME: '/home/ada'}), xdg);
  t.deepEqual(ownDataDirectory({XDG_DATA_HOME: 'data', HOME: '/home/ada'}), home);
  t.is(ownDataDirectory({HOME: 'ada'}), undefined);
  t.is(ownDataDirectory({}), undefined);
});

test('a directory is told by the variable only if it is the one, or in it', (t) => {
  const own = ownDataDirectory({HOME: '/root'});
  t.is(variableFor('/root/.local/share/rkt', own), 'HOME');
  t.is(variableFor('/root/.local/share/rkt/pods', own), 'HOME');
  t.is(variableFor('/root/.local/share/rkt2', own), undefined);
  t.is(variableFor('/var/lib/rkt', own), undefined);
});
