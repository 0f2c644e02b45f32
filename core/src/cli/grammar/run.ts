import path from 'node:path';
import type {HostPath} from '../../contract/names.ts';
import type {RunRequest} from '../../pod/request.ts';
import type {FlagValues} from '../command.ts';
import {flagConflict} from '../errors.ts';
import {wrong} from './checked.ts';
import type {runFlags} from './flags.ts';

type Values = FlagValues<typeof runFlags> & {readonly port?: readonly string[]};

/**
 * How a pod is to be run. Networks, DNS and hosts entries stay as typed, lists divided at commas: the pod's own code reads them.
 * @throws RKT_FLAG_VALUE_INVALID, RKT_FLAG_CONFLICT
 */
export const parseRunFlags = (flags: Values): RunRequest => {
  const {net, port = []} = flags;
  if ((net === 'host' || net === 'none') && port.length > 0) throw flagConflict(`--net=${net}`, '--port');
  if (net === 'none' && flags['mds-register']) throw flagConflict('--net=none', '--mds-register');
  if (net === '') throw wrong({flag: 'net', value: net, example: 'default'}, 'is empty');
  return {
    ...(net === undefined ? {} : {net}),
    interactive: flags.interactive,
    dns: divide(flags.dns),
    dnsSearch: flags['dns-search'],
    dnsOpt: flags['dns-opt'],
    ...(flags['dns-domain'] ? {dnsDomain: flags['dns-domain']} : {}),
    hostsEntries: divide(flags['hosts-entry']),
    ...(flags.hostname ? {hostname: parseHostname(flags.hostname)} : {}),
    // The parser has checked the choices.
    ipc: flags.ipc as RunRequest['ipc'],
    mdsRegister: flags['mds-register'],
    noTemplate: flags['no-template'],
    ...(flags['uuid-file-save'] ? {uuidFileSave: path.resolve(flags['uuid-file-save']) as HostPath} : {}),
  };
};

const divide = (values: readonly string[]): string[] => values.flatMap((value) => value.split(','));

/** Of the kernel (HOST_NAME_MAX), and labels by RFC 1123. */
const HOSTNAME =
  /^(?=.{1,64}$)[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*$/;

const parseHostname = (value: string): string => {
  if (value.length > 64 || !HOSTNAME.test(value)) {
    throw wrong({flag: 'hostname', value, example: 'web-1'}, 'letters, digits, hyphens and dots, at most 64');
  }
  return value;
};
