import test from 'ava';
import {compilePorts} from '../../../src/appc/compile/ports.ts';
import {exposedPort, port} from '../../../src/appc/ports.ts';
import {refused} from '../support.ts';

const http = port.parse({name: 'http', protocol: 'tcp', port: 80});
const rtp = port.parse({name: 'rtp', protocol: 'udp', port: 2000, count: 10, socketActivated: true});
const app = (name: string, ...ports: (typeof http)[]) => ({name, ports});
const expose = (name: string, hostPort: number, more: object = {}) => exposedPort.parse({name, hostPort, ...more});
const plain = {protocol: 'tcp', count: 1, socketActivated: false} as const;

test('IM-23 ports that nobody exposes stay with their app', (t) => {
  const ports = compilePorts([app('a', http, rtp), {name: 'b', ports: null}], null);
  t.deepEqual(ports.get('a'), [
    {...plain, name: 'http', port: 80},
    {name: 'rtp', protocol: 'udp', port: 2000, count: 10, socketActivated: true},
  ]);
  t.deepEqual(ports.get('b'), []);
});

test('PO-13 a port of the pod leads to the app that has it', (t) => {
  const ports = compilePorts(
    [app('a'), app('b', http)],
    [expose('http', 8080, {hostIP: '192.0.2.1'}), expose('http', 8081)],
  );
  t.deepEqual(ports.get('b'), [
    {...plain, name: 'http', port: 80, hostPort: 8080, hostIp: '192.0.2.1'},
    {...plain, name: 'http', port: 80, hostPort: 8081},
  ]);
  t.deepEqual(ports.get('a'), []);
});

test('PO-13 podPort overrides what the images say', (t) => {
  const podPort = {name: 'other', protocol: 'sctp', port: 99};
  t.like(compilePorts([app('a', http)], [expose('http', 8080, {podPort})]).get('a')?.[0], {
    name: 'http',
    protocol: 'sctp',
    port: 99,
    hostPort: 8080,
  });
  t.is(compilePorts([app('a'), app('b')], [expose('new', 8080, {podPort})]).get('a')?.length, 1);
});

test('PO-13 a name that several apps have is refused only if it is exposed', (t) => {
  const apps = [app('a', http), app('b', http)];
  t.is(compilePorts(apps, []).get('b')?.length, 1);
  t.deepEqual(refused(t, 'RKT_PORT_AMBIGUOUS', () => compilePorts(apps, [expose('http', 1)])).apps, ['a', 'b']);
});

test('PO-13 a port that no app has is refused', (t) => {
  t.is(refused(t, 'RKT_PORT_UNKNOWN', () => compilePorts([app('a', http)], [expose('https', 1)])).port, 'https');
});

test('IM-23 a protocol that cannot be forwarded is refused', (t) => {
  const odd = port.parse({name: 'x', protocol: 'TCP', port: 80});
  t.is(refused(t, 'RKT_PORT_PROTOCOL_UNSUPPORTED', () => compilePorts([app('a', odd)], [])).protocol, 'TCP');
});

test('IM-23 a range must fit on the host', (t) => {
  t.is(compilePorts([app('a', rtp)], [expose('rtp', 65_526)]).get('a')?.[0]?.hostPort, 65_526);
  refused(t, 'RKT_PORT_RANGE_INVALID', () => compilePorts([app('a', rtp)], [expose('rtp', 65_527)]));
});
