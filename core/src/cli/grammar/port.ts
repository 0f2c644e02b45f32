import {exposedPort} from '../../appc/ports.ts';
import type {PortRequest} from '../../pod/request.ts';
import {checked, type Typed, wrong} from './checked.ts';
import {parseNumber} from './number.ts';

/** `NAME:[HOSTIP:]HOSTPORT` (appc PO-13). @throws RKT_FLAG_VALUE_INVALID */
export const parsePort = (value: string): PortRequest => {
  const typed: Typed = {flag: 'port', value, example: 'http:8080'};
  const [name, second, third, ...more] = value.split(':');
  if (second === undefined || more.length > 0) throw wrong(typed, 'not NAME:[HOSTIP:]HOSTPORT');
  const hostPort = parseNumber(third ?? second, typed);
  const hostIp = third === undefined ? undefined : second;
  checked(exposedPort, {name, hostPort, ...(hostIp === undefined ? {} : {hostIP: hostIp})}, typed);
  return {name: name ?? '', hostPort, ...(hostIp === undefined ? {} : {hostIp})};
};
