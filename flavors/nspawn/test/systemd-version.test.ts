import test from 'ava';
import {hostFacts} from '../../../core/test/support/fixtures.ts';
import {probe} from '../src/probe.ts';
import {EXECUTOR, SYSTEMD, systemdVersion} from '../src/systemd-version.ts';

const through = {loader: '/tree/lib/ld.so', arguments: []};
const ofHost = {path: '/usr/bin/systemd-nspawn', version: '252.39'};
const ofImage = (path: string, version = '') => ({path: `/tree${path}`, version, through});
const on = (programs: object) => hostFacts({programs} as never);

test('the version of systemd is that of systemd-nspawn, if both are of the host or both of an image', (t) => {
  t.is(systemdVersion(on({'systemd-nspawn': ofHost, [SYSTEMD]: {path: SYSTEMD, version: ''}})), 252);
  const nspawn = ofImage('/usr/bin/systemd-nspawn', '257.1');
  t.is(systemdVersion(on({'systemd-nspawn': nspawn, [SYSTEMD]: ofImage(SYSTEMD)})), 257);
  t.is(systemdVersion(on({'systemd-nspawn': {...ofHost, version: ''}})), Number.NaN);
});

test("the host's systemd-nspawn says nothing of an image's systemd: what that has does", (t) => {
  const image = {'systemd-nspawn': ofHost, [SYSTEMD]: ofImage(SYSTEMD), [EXECUTOR]: null};
  t.is(systemdVersion(on(image)), 254);
  const newer = on({...image, [EXECUTOR]: ofImage(EXECUTOR)});
  t.is(systemdVersion(newer), 255);
  t.true(probe(newer).some(({what}) => what.includes('inheritable capabilities')));
  t.is(systemdVersion(on({...image, 'systemd-nspawn': null})), 254);
});
