import {dnsInvalid} from '../errors.ts';
import type {RunRequest} from '../request.ts';

// Only who gives addresses pays for loading the module.
const isIP = (text: string): number => process.getBuiltinModule('node:net').isIP(text);

/** What is the host's own, read only when asked for. */
export interface HostNames {
  readonly resolvConf: () => string;
  readonly hosts: () => string;
  readonly hostname: () => string;
}

/** What every pod has whose images bring no /etc/hosts (appc OS-02). */
export const DEFAULT_HOSTS = `127.0.0.1\tlocalhost localhost.localdomain
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
ff00::0\tip6-mcastprefix
ff02::1\tip6-allnodes
ff02::2\tip6-allrouters
`;

const WORD = /^[^\s#;]+$/;

const word = (flag: string, value: string): string => {
  if (!WORD.test(value)) throw dnsInvalid(flag, value, 'is not one word');
  return value;
};

/**
 * Contents of /etc/resolv.conf; `null` leaves the app's own alone, which is rkt's default.
 * @throws RKT_POD_DNS_INVALID
 */
export const resolvConf = (run: RunRequest, host: HostNames): string | null => {
  const {dns, dnsSearch, dnsOpt, dnsDomain} = run;
  const special = dns.find((server) => server === 'host' || server === 'none');
  const more = dnsSearch.length + dnsOpt.length > 0 || dnsDomain !== undefined;
  if (special !== undefined) {
    if (dns.some((server) => server !== special) || more)
      throw dnsInvalid('dns', special, 'excludes all other DNS flags');
    return special === 'host' ? host.resolvConf() : null;
  }
  if (dns.length === 0 && !more) return null;
  for (const server of dns) if (isIP(server) === 0) throw dnsInvalid('dns', server, 'is not an IP address');
  const lines = [
    ...(dnsDomain === undefined ? [] : [`domain ${word('dns-domain', dnsDomain)}`]),
    ...(dnsSearch.length === 0 ? [] : [`search ${dnsSearch.map((name) => word('dns-search', name)).join(' ')}`]),
    ...dns.map((server) => `nameserver ${server}`),
    ...(dnsOpt.length === 0 ? [] : [`options ${dnsOpt.map((option) => word('dns-opt', option)).join(' ')}`]),
  ];
  return `${lines.join('\n')}\n`;
};

/**
 * Contents of /etc/hosts; `null` leaves the app's own alone.
 * @param imageHasHosts the app brings a file of its own, which is left as it is unless entries are asked for (appc OS-02)
 * @param own names of the pod itself, which resolve unless the file is the host's
 * @throws RKT_POD_DNS_INVALID
 */
export const hosts = (
  {hostsEntries}: Pick<RunRequest, 'hostsEntries'>,
  host: HostNames,
  imageHasHosts: boolean,
  own: readonly string[] = [],
): string | null => {
  if (hostsEntries.includes('host')) {
    if (hostsEntries.some((entry) => entry !== 'host'))
      throw dnsInvalid('hosts-entry', 'host', 'excludes all other entries');
    return host.hosts();
  }
  const base = `${DEFAULT_HOSTS}${own.length === 0 ? '' : `127.0.0.1\t${own.join(' ')}\n`}`;
  if (hostsEntries.length === 0) return imageHasHosts ? null : base;
  const names = new Map<string, string[]>();
  for (const entry of hostsEntries) {
    const [ip = '', name, ...rest] = entry.split('=');
    if (name === undefined || rest.length > 0 || isIP(ip) === 0)
      throw dnsInvalid('hosts-entry', entry, 'is not IP=HOST');
    names.set(ip, [...(names.get(ip) ?? []), word('hosts-entry', name)]);
  }
  return `${base}${[...names].map(([ip, all]) => `${ip}\t${all.join(' ')}\n`).join('')}`;
};
