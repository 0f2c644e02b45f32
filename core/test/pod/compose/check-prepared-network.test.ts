import test from 'ava';
import {checkPreparedNetwork} from '../../../src/pod/compose/check-prepared-network.ts';
import {RktError} from '../../../src/rkt-error.ts';

const card = (index: number, changes: object = {}) => ({
  ...{tap: `tap${index}`, name: `eth${index}`, mac: `02:00:00:00:00:0${index}`, mtu: 1400},
  addresses: ['10.1.2.3/24', 'fd00::3/64'],
  routes: [{to: '0.0.0.0/0', via: '10.1.2.1'}, {to: '10.9.0.0/16'}],
  ...changes,
});
const network = (...interfaces: object[]) => ({namespace: '/run/netns/a', interfaces});
const addresses = (...macs: unknown[]) => network(...macs.map((mac, index) => card(index, {mac})));
const refused = (given: unknown) => {
  try {
    checkPreparedNetwork(given);
  } catch (error) {
    if (error instanceof RktError && error.code === 'RKT_POD_NETWORK_PREPARED_INVALID') return error.fields;
    throw error;
  }
  return undefined;
};

test('S14 a prepared network is what the contract says of it, or refused by place and value before it is in a plan', (t) => {
  t.is(refused(network(card(0), card(1, {mac: undefined}), card(2, {mac: undefined}))), undefined);
  const option = '02:00:00:00:00:01,romfile=/pod/script';
  const invalid: readonly (readonly [given: unknown, place: string, value: unknown])[] = [
    [addresses(option), '.interfaces[0].mac', option],
    [addresses('01:00:00:00:00:01'), '.interfaces[0].mac', '01:00:00:00:00:01'],
    [network(card(0, {name: 'n'.repeat(16)})), '.interfaces[0].name', 'n'.repeat(16)],
    [network(card(0, {tap: '../tap'})), '.interfaces[0].tap', '../tap'],
    [network(card(0, {addresses: ['10.1.2.3']})), '.interfaces[0].addresses[0]', '10.1.2.3'],
    [network(card(0, {mtu: 1})), '.interfaces[0].mtu', 1],
    [{namespace: 'a', interfaces: []}, '.namespace', 'a'],
    [addresses(...Array.from({length: 9}, () => undefined)), '.interfaces', undefined],
  ];
  for (const [given, place, value] of invalid) {
    const fields = refused(given);
    t.is(fields?.place, place);
    if (value !== undefined) t.is(fields?.value, value);
  }
});

test('S14 two cards of a pod have no tap, name or address in common', (t) => {
  t.like(refused(addresses('02:00:00:00:00:01', '02:00:00:00:00:01')), {place: '.interfaces[1].mac'});
  t.like(refused(network(card(0), card(1, {name: 'eth0'}))), {place: '.interfaces[1].name', value: 'eth0'});
  t.like(refused(network(card(0), card(1, {tap: 'tap0'}))), {place: '.interfaces[1].tap', value: 'tap0'});
});
