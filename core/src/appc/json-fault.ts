import type {RktError} from '../rkt-error.ts';
import type {Fault} from './fault.ts';

/** What an `RKT_JSON_INVALID` or `RKT_YAML_INVALID` says, as the fault of a manifest. */
export const jsonFault = ({fields}: RktError): Fault => ({
  path: typeof fields.path === 'string' ? fields.path : '$',
  expected: `a valid document: ${String(fields.reason)}`,
});
