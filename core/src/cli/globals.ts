import type {Flags} from './command.ts';
import {FORMATS} from './context.ts';
import {INSECURE_OPTIONS} from './insecure.ts';

/** The flags of every command, before or after its name. */
export const globalFlags = {
  cpuprofile: {type: 'string', value: 'FILE', hidden: true, help: 'write a processor profile'},
  debug: {type: 'boolean', help: 'log what happens on standard error, and the cause of an error'},
  dir: {
    type: 'string',
    value: 'DIR',
    help: 'data directory (default /var/lib/rkt, or what the configuration says; for an ordinary user $XDG_DATA_HOME/rkt, or ~/.local/share/rkt)',
  },
  'error-fd': {
    type: 'string',
    value: 'FD',
    hidden: true,
    help: "where rkt's own error is written instead of standard error; closed when another program has taken rkt's place",
  },
  format: {
    type: 'string',
    value: 'FORMAT',
    choices: FORMATS,
    default: 'text',
    help: 'how results and errors are written',
  },
  help: {type: 'boolean', short: 'h', help: 'show help'},
  'insecure-options': {
    type: 'list',
    value: 'LIST',
    proposals: INSECURE_OPTIONS,
    help: `security features to disable, separated by commas: ${INSECURE_OPTIONS.join(', ')}`,
  },
  'local-config': {type: 'string', value: 'DIR', default: '/etc/rkt', help: 'configuration of the administrator'},
  memprofile: {type: 'string', value: 'FILE', hidden: true, help: 'write a heap snapshot'},
  'system-config': {type: 'string', value: 'DIR', default: '/usr/lib/rkt', help: 'configuration of the distribution'},
  'trust-keys-from-https': {
    type: 'boolean',
    help: 'as in rkt; refused, because keys are not looked for yet',
  },
  'user-config': {type: 'string', value: 'DIR', help: 'configuration of the user'},
} as const satisfies Flags;
