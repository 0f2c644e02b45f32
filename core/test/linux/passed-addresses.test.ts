import {once} from 'node:events';
import {createServer} from 'node:net';
import test from 'ava';
import {describeSocket, parseAddress} from '../../src/linux/passed-addresses.ts';

test('socket addresses as values', (t) => {
  const inet = Buffer.from('02001f907f000001', 'hex');
  t.deepEqual(parseAddress(inet), {family: 'inet', address: '127.0.0.1', port: 8080});
  const inet6 = Buffer.from('0a0000500000000020010db8000000000000000000000001', 'hex');
  t.deepEqual(parseAddress(inet6), {family: 'inet6', address: '2001:db8:0:0:0:0:0:1', port: 80});
  t.deepEqual(parseAddress(Buffer.from('01002f72756e', 'hex')), {family: 'unix', address: '', port: 0});
  t.is(parseAddress(Buffer.from('1000', 'hex')).family, 'other');
});

test('what a socket listens on', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {fd} = (server as unknown as {_handle: {fd: number}})._handle;
  const {port} = server.address() as {port: number};
  t.deepEqual(describeSocket(fd), {family: 'inet', protocol: 'tcp', stream: true, address: '127.0.0.1', port});
  server.close();
});
